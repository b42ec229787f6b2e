// The seam to the disk for body segments and the lock; RocksDB has its own (rocksdb::Env). Tests and the simulation put
// a disk behind both that fails, fills and loses power on command.
//
// Thread rule: a file_system may be used from any thread; a segment_file appends from one thread and reads from any.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stellwerk::spool::embedded {

class segment_file {
 public:
  virtual ~segment_file() = default;
  // All pieces or an error; after an error the file may hold a part of them.
  virtual result<void> append(std::span<const std::string_view> pieces) = 0;
  virtual result<void> sync() = 0;
  virtual result<void> truncate(std::uint64_t size) = 0;
  // Fewer bytes than asked for only at the end of the file.
  [[nodiscard]] virtual result<std::string> read_at(std::uint64_t offset, std::size_t size) const = 0;
  [[nodiscard]] virtual result<std::uint64_t> size() const = 0;
};

// Held as long as it lives.
class file_lock {
 public:
  virtual ~file_lock() = default;
};

class file_system {
 public:
  virtual ~file_system() = default;
  virtual result<void> make_directory(const std::string& path) = 0;  // with parents; existing is fine
  virtual result<std::unique_ptr<segment_file>> open_append(const std::string& path) = 0;  // made when missing
  virtual result<std::unique_ptr<segment_file>> open_read(const std::string& path) = 0;
  virtual result<void> remove(const std::string& path) = 0;
  virtual result<void> sync_directory(const std::string& path) = 0;
  [[nodiscard]] virtual result<std::vector<std::string>> list(const std::string& path) = 0;  // file names, unordered
  virtual result<std::unique_ptr<file_lock>> lock(const std::string& path) = 0;              // errc::locked
  [[nodiscard]] virtual result<std::uint64_t> free_bytes(const std::string& path) = 0;  // for unprivileged processes
};

[[nodiscard]] file_system& posix_file_system();

}  // namespace stellwerk::spool::embedded
