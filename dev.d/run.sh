# shellcheck shell=bash
# Verbs that build something and then hand over to the part that does the work.

run_demo() {
  ensure_packages
  build_preset release
  python examples/demo/run.py --binary build/release/stellwerk "$@"
}

run_bench() {
  ensure_packages
  ensure_peers "$@"
  build_preset bench --target stellwerk bench_tools benches
  python tests/bench/run.py "$@"
}

run_fuzz() {
  ensure_packages
  ensure_extra clang libclang-rt-14-dev
  build_preset fuzz --target fuzzers
  local target name seconds=${1:-60} found=no
  for target in build/fuzz/fuzz/*_fuzz; do
    [[ -x $target ]] || continue
    found=yes
    name=$(basename "$target")
    say "$name for $seconds s"
    # New inputs are kept below build/; an input worth keeping is copied into the committed corpus by hand.
    mkdir -p "build/fuzz/corpus/$name"
    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
      "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
  done
  [[ $found == yes ]] || die "no fuzz target was built: tests/fuzz names them"
}

run_crash() {
  ensure_packages
  build_preset release
  local shim=build/release/tests/crash/libstorage_shim.so
  if [[ ${1:-} == --full ]]; then
    shift
    python tests/crash/torture.py --binary build/release/stellwerk --shim "$shim"
    python tests/crash/power_loss.py --binary build/release/stellwerk --shim "$shim" --states 2000
  fi
  python tests/crash/run.py --binary build/release/stellwerk "$@"
}
