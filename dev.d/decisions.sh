# shellcheck shell=bash
# `./dev decisions`: the long runs of what must hold for every decision, optimised: random policies, outages, crashes,
# reloads and operators, one process each.

run_decisions() {
  ensure_packages
  local count=${1:-10000000} failed=0
  [[ $count =~ ^[0-9]+$ ]] || die 'usage: ./dev decisions [COUNT]'
  build_preset simulate --target delivery_test policy_core_test
  local unit=build/simulate/tests/unit
  STELLWERK_RESIDENCY_DECISIONS=$count "$(find $unit -name delivery_test -type f)" --gtest_filter='residency.*' || failed=1
  STELLWERK_EXPLANATIONS=$(((count + 9) / 10)) "$(find $unit -name delivery_test -type f)" --gtest_filter='explanation.*' || failed=1
  STELLWERK_DECISIONS=$count "$(find $unit -name policy_core_test -type f)" --gtest_filter='decision_property_test.*' || failed=1
  [[ $failed -eq 0 ]] || die 'a decision broke a promise'
}
