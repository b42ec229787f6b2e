# shellcheck shell=bash
# `./dev lint` and `./dev format`.

our_sources() { git ls-files -- '*.cpp' '*.hpp' ':!tests/tidy/fixtures'; }

run_format() {
  our_sources | xargs -r clang-format -i
}

check_protobuf() {
  say 'buf lint'
  (cd proto && buf lint) || die 'buf lint failed (see above; a download error means the npm registry is not reachable)'
}

# Debian's clang-tidy 14 cannot read libstdc++ 12 coroutines; 16 can.
check_clang_tidy() {
  ensure_extra clang-tidy-16
  say 'clang-tidy'
  cmake --preset quick >/dev/null
  cmake --build build/quick -j "$(job_count)" --target stellwerk_proto
  our_sources | grep -E '^(base|mail|policy|adapters|gateway)/.*\.cpp$' |
    xargs -r -P "$(job_count)" -n 4 clang-tidy-16 -p build/quick --quiet --warnings-as-errors='*'
}

run_lint() {
  ensure_packages
  say 'tidy rules'
  python tests/tidy/tidy.py
  python tests/tidy/co_await_check.py
  python tests/tidy/format_check.py
  python tests/tidy/headers_compile_alone.py
  check_protobuf
  if [[ "${1:-}" != --quick ]]; then check_clang_tidy; fi
}
