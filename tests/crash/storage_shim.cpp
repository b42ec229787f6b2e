// storage_shim: preloaded into the real binary, it stands between it and the disk. Counts the fallible storage calls
// below one directory with one counter for all threads; fails the n-th, or all from the n-th on, or kills the process
// at it; and writes a log of what was done, from which states after a power loss can be built.
//
// STORAGE_SHIM_ROOT: the directory. STORAGE_SHIM_CONTROL: a file of eight words that both sides map (`control`), so
// that a test arms and disarms it while the process runs. STORAGE_SHIM_LOG: the log, or nothing. Log record: kind:u8
// time:u64 (CLOCK_MONOTONIC, ns) inode:u64 offset:u64 path:u32 second:u32 data:u32 (lengths), the bytes.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

namespace {

struct control {
  std::atomic<std::uint64_t> calls;  // counted while armed
  std::atomic<std::uint64_t> armed;
  std::atomic<std::uint64_t> fail_at;  // 0: none
  std::atomic<std::uint64_t> mode;     // 1 once, 2 from then on, 3 kill
  std::atomic<std::uint64_t> number;   // errno
  std::atomic<std::uint64_t> failed;
  std::atomic<std::uint64_t> kinds;  // bits of those that count; 0: all
  std::atomic<std::uint64_t> unused;
};

enum kind : std::uint8_t { k_open = 1, k_write, k_sync, k_rename, k_unlink, k_truncate, k_close, k_allocate };

constexpr int descriptors_max = 65'536;

template <class F>
F next_of(const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

class shim {
 public:
  static shim& get() {
    static shim* const one = new shim;  // never destroyed: files are closed until the very end
    return *one;
  }

  [[nodiscard]] bool is_ours(const char* path) const {
    return path != nullptr && !root_.empty() && std::strncmp(path, root_.c_str(), root_.size()) == 0;
  }
  [[nodiscard]] bool is_ours(int fd) const {
    return fd >= 0 && fd < descriptors_max && ours_[fd].load(std::memory_order_acquire) != 0;
  }
  void know(int fd) {
    struct stat info {};
    if (fd >= 0 && fd < descriptors_max && ::fstat(fd, &info) == 0)
      ours_[fd].store(info.st_ino, std::memory_order_release);
  }
  void forget(int fd) { ours_[fd].store(0, std::memory_order_release); }
  [[nodiscard]] std::uint64_t inode(int fd) const { return ours_[fd].load(std::memory_order_acquire); }

  // True: the call has to fail, errno is set.
  bool strikes(kind what) {
    if (control_ == nullptr || control_->armed.load() == 0) return false;
    const std::uint64_t kinds = control_->kinds.load();
    if (kinds != 0 && (kinds >> what & 1U) == 0) return false;
    const std::uint64_t number = control_->calls.fetch_add(1) + 1;
    const std::uint64_t at = control_->fail_at.load();
    if (at == 0 || number < at) return false;
    const std::uint64_t mode = control_->mode.load();
    if (mode == 1 && number != at) return false;
    if (mode == 3) ::kill(::getpid(), SIGKILL);
    control_->failed.fetch_add(1);
    errno = static_cast<int>(control_->number.load());
    return true;
  }

  std::unique_lock<std::recursive_mutex> order() { return std::unique_lock{mutex_}; }
  [[nodiscard]] bool is_recording() const { return log_ >= 0; }
  void record(kind what, std::uint64_t inode, std::uint64_t offset, const std::string& path, const std::string& second,
              const char* data, std::size_t size) {
    if (log_ < 0) return;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    std::string out;
    out.push_back(static_cast<char>(what));
    const auto add = [&out](auto value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
    add(static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec));
    add(inode);
    add(offset);
    add(static_cast<std::uint32_t>(path.size()));
    add(static_cast<std::uint32_t>(second.size()));
    add(static_cast<std::uint32_t>(size));
    out += path + second;
    if (size > 0) out.append(data, size);
    static const auto real = next_of<ssize_t (*)(int, const void*, std::size_t)>("write");
    if (real(log_, out.data(), out.size()) != static_cast<ssize_t>(out.size())) ::abort();
  }

 private:
  shim() {
    if (const char* root = std::getenv("STORAGE_SHIM_ROOT")) root_ = root;
    static const auto real_open = next_of<int (*)(const char*, int, ...)>("open");
    if (const char* path = std::getenv("STORAGE_SHIM_CONTROL")) {
      const int fd = real_open(path, O_RDWR | O_CLOEXEC);
      void* const mapped = ::mmap(nullptr, sizeof(control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (mapped == MAP_FAILED) ::abort();
      control_ = static_cast<control*>(mapped);
    }
    if (const char* path = std::getenv("STORAGE_SHIM_LOG"))
      log_ = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }

  std::string root_;
  control* control_ = nullptr;
  int log_ = -1;
  std::recursive_mutex mutex_;
  std::atomic<std::uint64_t> ours_[descriptors_max] = {};  // inode; 0: not ours
};

int open_any(const char* name, const char* path, int flags, mode_t mode) {
  const auto real = next_of<int (*)(const char*, int, ...)>(name);
  shim& one = shim::get();
  if (!one.is_ours(path)) return real(path, flags, mode);
  const bool may_create = (flags & O_CREAT) != 0;
  if ((may_create || (flags & O_TRUNC) != 0) && one.strikes(k_open)) return -1;
  const auto held = one.order();
  const bool is_new = may_create && ::access(path, F_OK) != 0;
  const int fd = real(path, flags, mode);
  if (fd < 0) return fd;
  one.know(fd);
  if (is_new) one.record(k_open, one.inode(fd), 0, path, "", nullptr, 0);
  if ((flags & O_TRUNC) != 0) one.record(k_truncate, one.inode(fd), 0, path, "", nullptr, 0);
  return fd;
}

template <class Write>
ssize_t write_any(int fd, std::int64_t offset, const iovec* pieces, int count, Write&& write) {
  shim& one = shim::get();
  if (!one.is_ours(fd)) return write();
  if (one.strikes(k_write)) return -1;
  if (!one.is_recording()) return write();
  const auto held = one.order();
  struct stat info {};
  std::uint64_t at = static_cast<std::uint64_t>(offset);
  if (offset < 0) {
    const bool appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
    ::fstat(fd, &info);
    at = static_cast<std::uint64_t>(appends ? info.st_size : ::lseek(fd, 0, SEEK_CUR));
  }
  const ssize_t written = write();
  if (written <= 0) return written;
  std::string data;
  for (int i = 0; i < count; ++i) data.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  one.record(k_write, one.inode(fd), at, "", "", data.data(), static_cast<std::size_t>(written));
  return written;
}

int sync_any(const char* name, int fd) {
  const auto real = next_of<int (*)(int)>(name);
  shim& one = shim::get();
  if (!one.is_ours(fd)) return real(fd);
  if (one.strikes(k_sync)) return -1;
  const int done = real(fd);
  if (done == 0 && one.is_recording()) {
    const auto held = one.order();
    one.record(k_sync, one.inode(fd), 0, "", "", nullptr, 0);
  }
  return done;
}

int truncate_any(const char* name, int fd, off_t size) {
  const auto real = next_of<int (*)(int, off_t)>(name);
  shim& one = shim::get();
  if (!one.is_ours(fd)) return real(fd, size);
  if (one.strikes(k_truncate)) return -1;
  const auto held = one.order();
  const int done = real(fd, size);
  if (done == 0) one.record(k_truncate, one.inode(fd), static_cast<std::uint64_t>(size), "", "", nullptr, 0);
  return done;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const mode_t mode = va_arg(values, mode_t);
  va_end(values);
  return open_any("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const mode_t mode = va_arg(values, mode_t);
  va_end(values);
  return open_any("open64", path, flags, mode);
}
int __open_2(const char* path, int flags) { return open_any("open", path, flags, 0); }
int __open64_2(const char* path, int flags) { return open_any("open64", path, flags, 0); }

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = next_of<ssize_t (*)(int, const void*, size_t)>("write");
  const iovec piece{const_cast<void*>(bytes), size};
  return write_any(fd, -1, &piece, 1, [&] { return real(fd, bytes, size); });
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto real = next_of<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  const iovec piece{const_cast<void*>(bytes), size};
  return write_any(fd, offset, &piece, 1, [&] { return real(fd, bytes, size, offset); });
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto real = next_of<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite64");
  const iovec piece{const_cast<void*>(bytes), size};
  return write_any(fd, offset, &piece, 1, [&] { return real(fd, bytes, size, offset); });
}
ssize_t writev(int fd, const iovec* pieces, int count) {
  static const auto real = next_of<ssize_t (*)(int, const iovec*, int)>("writev");
  return write_any(fd, -1, pieces, count, [&] { return real(fd, pieces, count); });
}

int fsync(int fd) { return sync_any("fsync", fd); }
int fdatasync(int fd) { return sync_any("fdatasync", fd); }
int ftruncate(int fd, off_t size) { return truncate_any("ftruncate", fd, size); }
int ftruncate64(int fd, off_t size) { return truncate_any("ftruncate64", fd, size); }

int fallocate(int fd, int mode, off_t offset, off_t size) {
  static const auto real = next_of<int (*)(int, int, off_t, off_t)>("fallocate");
  shim& one = shim::get();
  if (one.is_ours(fd) && one.strikes(k_allocate)) return -1;
  return real(fd, mode, offset, size);
}
int fallocate64(int fd, int mode, off_t offset, off_t size) { return fallocate(fd, mode, offset, size); }

int rename(const char* from, const char* to) {
  static const auto real = next_of<int (*)(const char*, const char*)>("rename");
  shim& one = shim::get();
  if (!one.is_ours(from)) return real(from, to);
  if (one.strikes(k_rename)) return -1;
  const auto held = one.order();
  const int done = real(from, to);
  if (done == 0) one.record(k_rename, 0, 0, from, to, nullptr, 0);
  return done;
}

int unlink(const char* path) {
  static const auto real = next_of<int (*)(const char*)>("unlink");
  shim& one = shim::get();
  if (!one.is_ours(path)) return real(path);
  if (one.strikes(k_unlink)) return -1;
  const auto held = one.order();
  const int done = real(path);
  if (done == 0) one.record(k_unlink, 0, 0, path, "", nullptr, 0);
  return done;
}

int close(int fd) {
  static const auto real = next_of<int (*)(int)>("close");
  shim& one = shim::get();
  if (!one.is_ours(fd)) return real(fd);
  const bool fails = one.strikes(k_close);
  const int number = errno;
  one.forget(fd);
  const int done = real(fd);
  if (!fails) return done;
  errno = number;
  return -1;
}
}
