# shellcheck shell=bash
# `./dev simulate`: long runs of the simulation, optimised, one process per core.

run_simulate() {
  ensure_packages
  if [[ ${1:-} == --defects ]]; then
    build_preset simulate --target planted_defects
    build/simulate/tests/simulation/planted_defects
    return
  fi
  local seeds=${1:-20000} first=${2:-1} cores share i failed=0
  [[ $seeds =~ ^[0-9]+$ && $first =~ ^[0-9]+$ ]] || die 'usage: ./dev simulate [SEEDS [FIRST]] | --defects'
  build_preset simulate --target simulate
  cores=$(nproc)
  share=$(((seeds + cores - 1) / cores))
  local -a runs=()
  SECONDS=0
  for ((i = 0; i < cores; ++i)); do
    build/simulate/tests/simulation/simulate --seeds "$share" --first $((first + i * share)) &
    runs+=($!)
  done
  for i in "${runs[@]}"; do wait "$i" || failed=1; done
  say "$((share * cores)) seeds in $SECONDS s"
  [[ $failed -eq 0 ]] || die 'a seed broke a promise: build/simulate/tests/simulation/simulate --first SEED --seeds 1 --tell'
}
