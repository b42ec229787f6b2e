#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "gateway/spool/embedded/file_system.hpp"

namespace stellwerk::spool::embedded {
namespace {

error last_error(const char* step) {
  return {boost::system::error_code{errno, boost::system::system_category()}, step};
}

class descriptor {
 public:
  explicit descriptor(int value) : value_{value} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

class posix_file final : public segment_file {
 public:
  explicit posix_file(int fd) : fd_{fd} {}

  result<void> append(std::span<const std::string_view> pieces) override {
    constexpr std::size_t vector_max = 64;
    std::size_t skip = 0;  // bytes of pieces[0] already written
    while (!pieces.empty()) {
      std::array<iovec, vector_max> vectors;
      const std::size_t count = std::min(pieces.size(), vector_max);
      for (std::size_t i = 0; i < count; ++i) {
        const std::string_view piece = i == 0 ? pieces[i].substr(skip) : pieces[i];
        vectors[i] = {const_cast<char*>(piece.data()), piece.size()};
      }
      const ssize_t written = ::writev(fd_.get(), vectors.data(), static_cast<int>(count));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return last_error("spool.append");
      std::size_t left = static_cast<std::size_t>(written) + skip;
      while (!pieces.empty() && left >= pieces[0].size()) {
        left -= pieces[0].size();
        pieces = pieces.subspan(1);
      }
      skip = left;
    }
    return {};
  }

  result<void> sync() override {
    // Never repeated: after a failed sync the kernel may have dropped the pages and call the next one a success.
    if (::fdatasync(fd_.get()) != 0) return last_error("spool.sync");
    return {};
  }

  result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return last_error("spool.truncate");
    return {};
  }

  result<std::string> read_at(std::uint64_t offset, std::size_t size) const override {
    std::string out(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(fd_.get(), out.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return last_error("spool.read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    return out;
  }

  result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return last_error("spool.size");
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  descriptor fd_;
};

class posix_lock final : public file_lock {
 public:
  explicit posix_lock(int fd) : fd_{fd} {}

 private:
  descriptor fd_;  // closing it releases the lock
};

class posix_files final : public file_system {
 public:
  result<void> make_directory(const std::string& path) override {
    for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
      if (auto made = make_one(path.substr(0, at)); !made) return made.error();
    }
    return make_one(path);
  }

  result<std::unique_ptr<segment_file>> open_append(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return last_error("spool.open");
    return std::unique_ptr<segment_file>{std::make_unique<posix_file>(fd)};
  }

  result<std::unique_ptr<segment_file>> open_read(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return error{errc::not_found, "spool.open"};
    if (fd < 0) return last_error("spool.open");
    return std::unique_ptr<segment_file>{std::make_unique<posix_file>(fd)};
  }

  result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return last_error("spool.remove");
    return {};
  }

  result<void> sync_directory(const std::string& path) override {
    const descriptor directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) return last_error("spool.sync_directory");
    return {};
  }

  result<std::vector<std::string>> list(const std::string& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return last_error("spool.list");
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string name{entry->d_name};
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(directory);
    return names;
  }

  result<std::unique_ptr<file_lock>> lock(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return last_error("spool.lock");
    auto held = std::make_unique<posix_lock>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      return errno == EWOULDBLOCK ? error{errc::locked, "spool.lock"} : last_error("spool.lock");
    }
    return std::unique_ptr<file_lock>{std::move(held)};
  }

  result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0) return last_error("spool.free_bytes");
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }

 private:
  // A new name is durable with what stands in it.
  result<void> make_one(const std::string& path) {
    if (::mkdir(path.c_str(), 0750) == 0) {
      const std::size_t name = path.rfind('/');
      return sync_directory(name == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(name, 1)));
    }
    return errno == EEXIST ? result<void>{} : last_error("spool.make_directory");
  }
};

}  // namespace

file_system& posix_file_system() {
  static posix_files instance;
  return instance;
}

}  // namespace stellwerk::spool::embedded
