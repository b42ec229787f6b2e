// simulated_disk: one disk in memory behind both seams of the store (segment files and RocksDB's files), which fails,
// fills and loses power on command.
//
// The model is strict: bytes are durable only after a sync of their file, names only after a sync of their directory.
// On power loss a chosen share of each file's unsynced bytes survives. Operations that change the disk are counted, so
// that a test can fail each of them in turn. Thread rule: any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "gateway/spool/embedded/file_system.hpp"

namespace rocksdb {
class Env;
class FileSystem;
}  // namespace rocksdb

namespace stellwerk::spool {

class simulated_disk {
 public:
  struct file {
    std::string bytes;
    std::size_t synced = 0;  // a prefix of bytes: every file is written front to back
    // What was not on the disk when a sync failed: the kernel gave it up, no later sync brings it back.
    std::vector<std::pair<std::size_t, std::size_t>> given_up;  // [from, to)
  };
  using file_ptr = std::shared_ptr<file>;
  enum class change : std::uint8_t { append, sync, sync_directory, create, remove, rename, truncate };
  enum class fault : std::uint8_t { none, io_error, no_space };
  enum class survivors : std::uint8_t {
    synced_only,
    half_of_the_rest,
    // Of what was not synced every other sector, and every other name that came or went: no order holds.
    even_sectors,
    odd_sectors,
    all_written,  // the process ended, the machine went on; what was not synced is still in danger
  };

  simulated_disk();
  ~simulated_disk();

  // ---- faults ----
  void lose_power_at(std::uint64_t operation) { power_lost_at_ = operation; }  // that one and all later ones fail
  void fail_at(std::uint64_t operation, fault kind);                           // that one fails, later ones work
  void fail_every(change kind, bool on);                                       // an I/O error each time
  void set_capacity(std::uint64_t bytes);
  void stop_now();                 // every operation fails from here on, and changes nothing
  void come_back(survivors kept);  // what a machine finds after the power returns; faults are gone
  [[nodiscard]] bool stopped() const;
  // RocksDB's own threads have nothing left to do. A simulation asks after each operation, so that runs repeat exactly.
  void wait_for_background();
  [[nodiscard]] std::uint64_t operations() const;
  [[nodiscard]] std::uint64_t bytes_used() const;

  // ---- damage ----
  [[nodiscard]] std::vector<std::string> files_like(const std::string& part) const;
  [[nodiscard]] file_ptr find(const std::string& path) const;

  // ---- the two seams ----
  [[nodiscard]] embedded::file_system& files();
  [[nodiscard]] rocksdb::Env& env();

  // ---- for the seams ----
  [[nodiscard]] fault before(change kind, std::size_t grows_by = 0);
  [[nodiscard]] fault append(const file_ptr& target, std::string_view bytes);
  [[nodiscard]] fault sync(const file_ptr& target);
  [[nodiscard]] fault truncate(const file_ptr& target, std::size_t size);
  [[nodiscard]] fault create(const std::string& path, bool anew, file_ptr& out);
  [[nodiscard]] fault remove(const std::string& path);
  [[nodiscard]] fault rename(const std::string& from, const std::string& to);
  [[nodiscard]] fault sync_directory(const std::string& path);
  void make_directory(const std::string& path);
  void remove_directory(const std::string& path);
  [[nodiscard]] bool is_directory(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> list(const std::string& path) const;
  [[nodiscard]] std::string read(const file_ptr& source, std::uint64_t offset, std::size_t size) const;
  [[nodiscard]] std::size_t size_of(const file_ptr& source) const;
  [[nodiscard]] bool take_lock(const std::string& path);
  void drop_lock(const std::string& path);
  void background_started();
  void background_ended();

 private:
  using names = std::map<std::string, file_ptr>;
  static void move_below(names& where, const std::string& from, const std::string& to);
  void change_hands();
  void find_after_power_loss(survivors kept);
  void lose_every_other_name(survivors kept);

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  int background_ = 0;
  names files_;
  names durable_names_;
  std::set<std::string> directories_;
  std::set<std::string> locks_;
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> power_lost_at_;
  std::map<std::uint64_t, fault> faults_;
  std::set<change> failing_;
  std::uint64_t capacity_ = ~0ULL;
  std::uint64_t used_ = 0;

  std::unique_ptr<embedded::file_system> segment_seam_;
  std::unique_ptr<rocksdb::Env> env_;
};

// The seams, each in a file of its own.
[[nodiscard]] std::unique_ptr<embedded::file_system> make_segment_seam(simulated_disk& disk);
[[nodiscard]] std::unique_ptr<rocksdb::Env> make_rocksdb_seam(simulated_disk& disk);

}  // namespace stellwerk::spool
