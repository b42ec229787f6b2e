// file_watch: tells when a configuration file changed, also by the symlink swap of a Kubernetes ConfigMap (the path's
// target changes while the name stays). Polled once a second: inotify misses changes on some network file systems.
#pragma once

#include <cstdint>
#include <string>

namespace stellwerk::app {

class file_watch {
 public:
  explicit file_watch(std::string path) : path_{std::move(path)}, seen_{look()} {}
  [[nodiscard]] bool changed();  // since the last call

 private:
  struct identity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0;
    friend bool operator==(const identity&, const identity&) = default;
  };
  [[nodiscard]] identity look() const;

  std::string path_;
  identity seen_;
};

}  // namespace stellwerk::app
