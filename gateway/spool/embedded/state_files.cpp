#include "gateway/spool/embedded/state_files.hpp"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "gateway/spool/embedded/log_tail.hpp"

namespace stellwerk::spool::embedded {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

constexpr std::string_view pointer_name = "/CURRENT";
constexpr std::string_view manifest_prefix = "MANIFEST-";

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The beginning of a file. Logs are read through this interface only.
class beginning final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  beginning(std::unique_ptr<rocksdb::FSSequentialFile> whole, std::uint64_t size)
      : rocksdb::FSSequentialFileOwnerWrapper{std::move(whole)}, left_{size} {}

  IOStatus Read(std::size_t size, const IOOptions& options, rocksdb::Slice* out, char* scratch,
                IODebugContext* debug) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
    IOStatus done = target()->Read(wanted, options, out, scratch, debug);
    if (done.ok()) left_ -= out->size();
    return done;
  }
  IOStatus Skip(std::uint64_t size) override {
    const std::uint64_t step = std::min(size, left_);
    left_ -= step;
    return target()->Skip(step);
  }

 private:
  std::uint64_t left_;
};

// RocksDB reads logs and manifests block by block.
class mended final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  explicit mended(std::unique_ptr<rocksdb::FSSequentialFile> whole)
      : rocksdb::FSSequentialFileOwnerWrapper{std::move(whole)} {}

  IOStatus Read(std::size_t size, const IOOptions& options, rocksdb::Slice* out, char* scratch,
                IODebugContext* debug) override {
    IOStatus done = target()->Read(size, options, out, scratch, debug);
    if (!done.ok()) return done;
    if (out->data() != scratch) std::copy_n(out->data(), out->size(), scratch);
    mend_types({scratch, out->size()});
    *out = {scratch, out->size()};
    return done;
  }
};

// A MANIFEST. Before RocksDB's first sync of it CURRENT names another one. Each record is an append.
class record_by_record final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  explicit record_by_record(std::unique_ptr<rocksdb::FSWritableFile> whole)
      : rocksdb::FSWritableFileOwnerWrapper{std::move(whole)} {}

  IOStatus Append(const rocksdb::Slice& bytes, const IOOptions& options, IODebugContext* debug) override {
    IOStatus done = sync_last(options, debug);
    return done.ok() ? target()->Append(bytes, options, debug) : done;
  }
  IOStatus Append(const rocksdb::Slice& bytes, const IOOptions& options, const rocksdb::DataVerificationInfo& checks,
                  IODebugContext* debug) override {
    IOStatus done = sync_last(options, debug);
    return done.ok() ? target()->Append(bytes, options, checks, debug) : done;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    is_synced_ = counts_ = true;
    return target()->Sync(options, debug);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    is_synced_ = counts_ = true;
    return target()->Fsync(options, debug);
  }

 private:
  // After a failed sync RocksDB never writes here again.
  IOStatus sync_last(const IOOptions& options, IODebugContext* debug) {
    const bool is_needed = counts_ && !is_synced_;
    is_synced_ = false;
    return is_needed ? target()->Sync(options, debug) : IOStatus::OK();
  }

  bool counts_ = false;
  bool is_synced_ = true;
};

class state_file_system final : public rocksdb::FileSystemWrapper {
 public:
  state_file_system(const std::shared_ptr<rocksdb::FileSystem>& below, shown_sizes shown, log_reading reading)
      : rocksdb::FileSystemWrapper{below}, shown_{std::move(shown)}, reading_{reading} {}
  const char* Name() const override { return "stellwerk_state_files"; }

  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* out, IODebugContext* debug) override {
    IOStatus opened = target()->NewSequentialFile(path, options, out, debug);
    if (!opened.ok()) return opened;
    const std::string_view name = name_of(path);
    const bool is_log = name.ends_with(".log") || name.starts_with(manifest_prefix);
    if (is_log && reading_ == log_reading::mended) *out = std::make_unique<mended>(std::move(*out));
    if (const auto found = shown_.find(name); found != shown_.end())
      *out = std::make_unique<beginning>(std::move(*out), found->second);
    return opened;
  }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* out, IODebugContext* debug) override {
    IOStatus opened = target()->NewWritableFile(path, options, out, debug);
    if (opened.ok() && name_of(path).starts_with(manifest_prefix))
      *out = std::make_unique<record_by_record>(std::move(*out));
    return opened;
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (std::string_view{to}.ends_with(pointer_name)) {
      IOStatus synced = sync_directory(to.substr(0, to.size() - pointer_name.size()), options, debug);
      if (!synced.ok()) return synced;
    }
    return target()->RenameFile(from, to, options, debug);
  }

 private:
  IOStatus sync_directory(const std::string& path, const IOOptions& options, IODebugContext* debug) {
    std::unique_ptr<rocksdb::FSDirectory> directory;
    IOStatus done = target()->NewDirectory(path, options, &directory, debug);
    if (done.ok()) done = directory->Fsync(options, debug);
    return done;
  }

  const shown_sizes shown_;
  const log_reading reading_;
};

class state_env final : public rocksdb::EnvWrapper {
 public:
  state_env(rocksdb::Env& below, shown_sizes shown, log_reading reading) : rocksdb::EnvWrapper{&below} {
    file_system_ = std::make_shared<state_file_system>(below.GetFileSystem(), std::move(shown), reading);
    system_clock_ = below.GetSystemClock();
  }
  const char* Name() const override { return "stellwerk_state_files"; }
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_state_files(rocksdb::Env& below, shown_sizes shown, log_reading reading) {
  return std::make_unique<state_env>(below, std::move(shown), reading);
}

}  // namespace stellwerk::spool::embedded
