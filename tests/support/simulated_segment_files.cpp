// The segment seam of simulated_disk.
#include <cerrno>
#include <utility>

#include "tests/support/simulated_disk.hpp"

namespace stellwerk::spool {
namespace {

using fault = simulated_disk::fault;

result<void> to_result(fault found, const char* step) {
  const auto from_errno = [&](int code) {
    return error{boost::system::error_code{code, boost::system::system_category()}, step};
  };
  switch (found) {
    case fault::none: return {};
    case fault::io_error: return from_errno(EIO);
    case fault::no_space: return from_errno(ENOSPC);
  }
  return {};
}

class simulated_file final : public embedded::segment_file {
 public:
  simulated_file(simulated_disk& disk, simulated_disk::file_ptr target) : disk_{disk}, target_{std::move(target)} {}

  result<void> append(std::span<const std::string_view> pieces) override {
    for (const std::string_view piece : pieces) {
      if (auto done = to_result(disk_.append(target_, piece), "spool.append"); !done) return done;
    }
    return {};
  }
  result<void> sync() override { return to_result(disk_.sync(target_), "spool.sync"); }
  result<void> truncate(std::uint64_t size) override {
    return to_result(disk_.truncate(target_, size), "spool.truncate");
  }
  result<std::string> read_at(std::uint64_t offset, std::size_t size) const override {
    return disk_.read(target_, offset, size);
  }
  result<std::uint64_t> size() const override { return disk_.size_of(target_); }

 private:
  simulated_disk& disk_;
  simulated_disk::file_ptr target_;
};

class simulated_lock final : public embedded::file_lock {
 public:
  simulated_lock(simulated_disk& disk, std::string path) : disk_{disk}, path_{std::move(path)} {}
  ~simulated_lock() override { disk_.drop_lock(path_); }

 private:
  simulated_disk& disk_;
  std::string path_;
};

class segment_seam final : public embedded::file_system {
 public:
  explicit segment_seam(simulated_disk& disk) : disk_{disk} {}

  result<void> make_directory(const std::string& path) override {
    disk_.make_directory(path);
    return {};
  }
  result<std::unique_ptr<embedded::segment_file>> open_append(const std::string& path) override {
    simulated_disk::file_ptr target;
    if (auto made = to_result(disk_.create(path, false, target), "spool.open"); !made) return made.error();
    return std::unique_ptr<embedded::segment_file>{std::make_unique<simulated_file>(disk_, std::move(target))};
  }
  result<std::unique_ptr<embedded::segment_file>> open_read(const std::string& path) override {
    auto target = disk_.find(path);
    if (!target) return error{errc::not_found, "spool.open"};
    return std::unique_ptr<embedded::segment_file>{std::make_unique<simulated_file>(disk_, std::move(target))};
  }
  result<void> remove(const std::string& path) override { return to_result(disk_.remove(path), "spool.remove"); }
  result<void> sync_directory(const std::string& path) override {
    return to_result(disk_.sync_directory(path), "spool.sync_directory");
  }
  result<std::vector<std::string>> list(const std::string& path) override { return disk_.list(path); }
  result<std::unique_ptr<embedded::file_lock>> lock(const std::string& path) override {
    if (!disk_.take_lock(path)) return error{errc::locked, "spool.lock"};
    return std::unique_ptr<embedded::file_lock>{std::make_unique<simulated_lock>(disk_, path)};
  }
  result<std::uint64_t> free_bytes(const std::string& /*path*/) override { return 1ULL << 40; }

 private:
  simulated_disk& disk_;
};

}  // namespace

std::unique_ptr<embedded::file_system> make_segment_seam(simulated_disk& disk) {
  return std::make_unique<segment_seam>(disk);
}

}  // namespace stellwerk::spool
