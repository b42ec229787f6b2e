// The RocksDB seam of simulated_disk: its FileSystem interface over the same files.
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/support/simulated_disk.hpp"

namespace stellwerk::spool {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using fault = simulated_disk::fault;

IOStatus to_status(fault found) {
  switch (found) {
    case fault::none: return IOStatus::OK();
    case fault::io_error: return IOStatus::IOError("simulated");
    case fault::no_space: return IOStatus::NoSpace("simulated");
  }
  return IOStatus::OK();
}

// As the real file system words it.
IOStatus to_sync_status(fault found) {
  switch (found) {
    case fault::none: return IOStatus::OK();
    case fault::io_error: return IOStatus::IOError("While fdatasync: simulated");
    case fault::no_space: return IOStatus::NoSpace("While fdatasync: simulated");
  }
  return IOStatus::OK();
}

Slice copy_into(const std::string& bytes, char* scratch) {
  std::memcpy(scratch, bytes.data(), bytes.size());
  return {scratch, bytes.size()};
}

class sequential_file final : public rocksdb::FSSequentialFile {
 public:
  sequential_file(simulated_disk& disk, simulated_disk::file_ptr source) : disk_{disk}, source_{std::move(source)} {}
  IOStatus Read(size_t size, const IOOptions&, Slice* out, char* scratch, IODebugContext*) override {
    const std::string bytes = disk_.read(source_, offset_, size);
    offset_ += bytes.size();
    *out = copy_into(bytes, scratch);
    return IOStatus::OK();
  }
  IOStatus Skip(uint64_t size) override {
    offset_ += size;
    return IOStatus::OK();
  }

 private:
  simulated_disk& disk_;
  simulated_disk::file_ptr source_;
  std::uint64_t offset_ = 0;
};

class random_access_file final : public rocksdb::FSRandomAccessFile {
 public:
  random_access_file(simulated_disk& disk, simulated_disk::file_ptr source) : disk_{disk}, source_{std::move(source)} {}
  IOStatus Read(uint64_t offset, size_t size, const IOOptions&, Slice* out, char* scratch,
                IODebugContext*) const override {
    *out = copy_into(disk_.read(source_, offset, size), scratch);
    return IOStatus::OK();
  }

 private:
  simulated_disk& disk_;
  simulated_disk::file_ptr source_;
};

class writable_file final : public rocksdb::FSWritableFile {
 public:
  writable_file(simulated_disk& disk, simulated_disk::file_ptr target) : disk_{disk}, target_{std::move(target)} {}
  IOStatus Append(const Slice& bytes, const IOOptions&, IODebugContext*) override {
    return to_status(disk_.append(target_, bytes.ToStringView()));
  }
  IOStatus Append(const Slice& bytes, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(bytes, options, debug);
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    return size < disk_.size_of(target_) ? to_status(disk_.truncate(target_, size)) : IOStatus::OK();
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return to_sync_status(disk_.sync(target_)); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return to_sync_status(disk_.sync(target_)); }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return disk_.size_of(target_); }

 private:
  simulated_disk& disk_;
  simulated_disk::file_ptr target_;
};

class directory final : public rocksdb::FSDirectory {
 public:
  directory(simulated_disk& disk, std::string path) : disk_{disk}, path_{std::move(path)} {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return to_status(disk_.sync_directory(path_)); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  simulated_disk& disk_;
  std::string path_;
};

class silent_log final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
  size_t GetLogFileSize() const override { return 0; }
};

class held_lock final : public rocksdb::FileLock {
 public:
  explicit held_lock(std::string path) : path_{std::move(path)} {}
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class rocksdb_seam final : public rocksdb::FileSystem {
 public:
  explicit rocksdb_seam(simulated_disk& disk) : disk_{disk} {}
  const char* Name() const override { return "simulated_disk"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* out, IODebugContext*) override {
    auto found = disk_.find(path);
    if (!found) return IOStatus::PathNotFound(path);
    *out = std::make_unique<sequential_file>(disk_, std::move(found));
    return IOStatus::OK();
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* out, IODebugContext*) override {
    auto found = disk_.find(path);
    if (!found) return IOStatus::PathNotFound(path);
    *out = std::make_unique<random_access_file>(disk_, std::move(found));
    return IOStatus::OK();
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions&, std::unique_ptr<rocksdb::FSWritableFile>* out,
                           IODebugContext*) override {
    // RocksDB's note of its own options, which it does without: writing and parsing it is a third of every start.
    if (path.find("/OPTIONS-") != std::string::npos) return IOStatus::NotSupported("simulated", path);
    return open_writable(path, true, out);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* out, IODebugContext*) override {
    return open_writable(path, false, out);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* out,
                        IODebugContext*) override {
    *out = std::make_unique<directory>(disk_, without_slash(path));
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    return disk_.find(path) || disk_.is_directory(path) ? IOStatus::OK() : IOStatus::NotFound(path);
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* out,
                       IODebugContext*) override {
    if (!disk_.is_directory(without_slash(path))) return IOStatus::NotFound(path);
    *out = disk_.list(without_slash(path));
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return disk_.find(path) ? to_status(disk_.remove(path)) : IOStatus::NotFound(path);
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    disk_.make_directory(without_slash(path));
    return IOStatus::OK();
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    return CreateDir(path, options, debug);
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    disk_.remove_directory(path);
    return IOStatus::OK();
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* out, IODebugContext*) override {
    const auto found = disk_.find(path);
    if (!found) return IOStatus::PathNotFound(path);
    *out = disk_.size_of(found);
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, uint64_t* out, IODebugContext*) override {
    *out = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return to_status(disk_.rename(from, to));
  }
  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** out, IODebugContext*) override {
    if (!disk_.take_lock(path)) return IOStatus::IOError("lock is held", path);
    *out = new held_lock{path};
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    const std::unique_ptr<held_lock> held{static_cast<held_lock*>(lock)};
    disk_.drop_lock(held->path());
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string* out, IODebugContext*) override {
    *out = "/test";
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* out,
                     IODebugContext*) override {
    *out = std::make_shared<silent_log>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* out, IODebugContext*) override {
    *out = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* out, IODebugContext*) override {
    *out = disk_.is_directory(without_slash(path));
    return IOStatus::OK();
  }

 private:
  static std::string without_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  }
  IOStatus open_writable(const std::string& path, bool anew, std::unique_ptr<rocksdb::FSWritableFile>* out) {
    simulated_disk::file_ptr target;
    const IOStatus made = to_status(disk_.create(path, anew, target));
    if (made.ok()) *out = std::make_unique<writable_file>(disk_, std::move(target));
    return made;
  }

  simulated_disk& disk_;
};

// RocksDB waits a second before it goes on after a failed flush. Nobody has to.
class hasty_clock final : public rocksdb::SystemClockWrapper {
 public:
  using rocksdb::SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "simulated_disk"; }
  void SleepForMicroseconds(int /*micros*/) override {}
};

// Counts what RocksDB does on its own threads, so that somebody can wait until it has nothing to do.
class counting_env final : public rocksdb::EnvWrapper {
 public:
  counting_env(simulated_disk& disk, std::unique_ptr<rocksdb::Env> target)
      : rocksdb::EnvWrapper{std::move(target)}, disk_{disk} {
    file_system_ = this->target()->GetFileSystem();
    system_clock_ = std::make_shared<hasty_clock>(this->target()->GetSystemClock());
  }

  const char* Name() const override { return "simulated_disk"; }
  void Schedule(void (*work)(void*), void* argument, Priority priority, void* tag,
                void (*unscheduled)(void*)) override {
    disk_.background_started();
    target()->Schedule(&job::run, new job{disk_, work, unscheduled, argument}, priority, tag, &job::drop);
  }

 private:
  struct job {
    simulated_disk& disk;
    void (*work)(void*);
    void (*unscheduled)(void*);
    void* argument;

    static void run(void* self) {
      const std::unique_ptr<job> one{static_cast<job*>(self)};
      one->work(one->argument);
      one->disk.background_ended();
    }
    static void drop(void* self) {
      const std::unique_ptr<job> one{static_cast<job*>(self)};
      if (one->unscheduled != nullptr) one->unscheduled(one->argument);
      one->disk.background_ended();
    }
  };

  simulated_disk& disk_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_rocksdb_seam(simulated_disk& disk) {
  return std::make_unique<counting_env>(disk, rocksdb::NewCompositeEnv(std::make_shared<rocksdb_seam>(disk)));
}

}  // namespace stellwerk::spool
