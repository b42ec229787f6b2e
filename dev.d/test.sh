# shellcheck shell=bash
# `./dev test`: packages, tools, two builds, every test, the time of each part, and ctest's summary as the last line.

declare -a part_names=() part_seconds=()

# timed NAME COMMAND...: runs it and notes its time; a failure ends the run, with the table so far.
timed() {
  local name=$1 start=$SECONDS rc=0
  shift
  # Not `"$@" || rc=$?`: bash would switch `set -e` off inside the function it calls.
  set +e
  (set -e; "$@")
  rc=$?
  set -e
  part_names+=("$name")
  part_seconds+=($((SECONDS - start)))
  if [[ $rc -ne 0 ]]; then
    time_table
    die "failed in: $name"
  fi
}

time_table() {
  local i
  printf '\n%-42s %s\n' 'Part' 'Seconds'
  for i in "${!part_names[@]}"; do printf '%-42s %7d\n' "${part_names[$i]}" "${part_seconds[$i]}"; done
  printf '%-42s %7d\n' 'all' "$SECONDS"
}

# One CTest run over several build trees, so that one summary counts every test.
join_build_trees() {
  local folder=build/test-all preset
  mkdir -p "$folder"
  for preset in "$@"; do printf 'subdirs("%s/build/%s")\n' "$PWD" "$preset"; done > "$folder/CTestTestfile.cmake"
}

run_ctest() {
  join_build_trees "$@"
  say "testing $*"
  ctest --test-dir build/test-all --output-on-failure --no-tests=error --timeout 600 -j "$(nproc)" 2>&1 |
    tee build/test-all/ctest.log
}

run_tests() {
  local -a presets=(release dev)
  local full=no
  case "${1:-}" in
    '') ;;
    --full) full=yes; presets+=(tsan) ;;
    *) die "unknown argument: $1" ;;
  esac
  SECONDS=0
  mkdir -p build
  timed 'packages' ensure_packages
  timed 'tools: helm' ensure_helm
  timed 'tools: node packages' ensure_node_modules
  local preset
  for preset in "${presets[@]}"; do timed "build: $preset" build_preset "$preset"; done
  if [[ $full == yes ]]; then
    timed 'fuzz: 60 s each' run_fuzz 60
    timed 'crash' run_crash
  fi
  timed "tests: ${presets[*]}" run_ctest "${presets[@]}"
  sed -n '/^Label Time Summary/,/^$/p' build/test-all/ctest.log
  time_table
  echo
  grep -E '[0-9]+% tests passed' build/test-all/ctest.log
}
