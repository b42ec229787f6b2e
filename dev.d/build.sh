# shellcheck shell=bash
# Configures and builds CMake presets into build/<preset>.

# One job per core, but never more than the memory carries: an optimised file with Asio and TLS takes about 1 GB.
job_count() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
  local by_memory=$((memory_gb * 2 / 3))
  if [[ $by_memory -lt 1 ]]; then by_memory=1; fi
  echo $((cores < by_memory ? cores : by_memory))
}

# build_preset PRESET [cmake --build arguments, such as --target NAME]
build_preset() {
  local preset=$1
  shift
  say "building $preset with $(job_count) jobs"
  local -a launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  cmake --preset "$preset" "${launcher[@]}"
  cmake --build "build/$preset" -j "$(job_count)" "$@"
}
