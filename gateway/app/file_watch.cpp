#include "gateway/app/file_watch.hpp"

#include <sys/stat.h>

namespace stellwerk::app {

file_watch::identity file_watch::look() const {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return {};
  return {static_cast<std::uint64_t>(found.st_dev), static_cast<std::uint64_t>(found.st_ino),
          static_cast<std::uint64_t>(found.st_size),
          static_cast<std::int64_t>(found.st_mtim.tv_sec) * 1'000'000'000 + found.st_mtim.tv_nsec};
}

bool file_watch::changed() {
  const identity now = look();
  // Between unlink and rename there is nothing to read; the next look finds the new file.
  if (now == seen_ || now == identity{}) return false;
  seen_ = now;
  return true;
}

}  // namespace stellwerk::app
