#include "tests/support/simulated_disk.hpp"

#include <rocksdb/env.h>

#include <algorithm>
#include <functional>

namespace stellwerk::spool {
namespace {

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

using survivors = simulated_disk::survivors;

bool keeps_no_order(survivors kept) { return kept == survivors::even_sectors || kept == survivors::odd_sectors; }

// Which of two halves of the world survives.
bool is_of(survivors kept, std::uint64_t number) { return (number % 2 == 0) == (kept == survivors::even_sectors); }

std::string every_other_sector(const simulated_disk::file& from, survivors kept) {
  constexpr std::size_t sector = 512;
  std::string out = from.bytes.substr(0, from.synced);
  for (std::size_t at = from.synced; at < from.bytes.size();) {
    const std::size_t end = std::min(from.bytes.size(), (at / sector + 1) * sector);
    if (is_of(kept, at / sector)) {
      out.resize(at);  // what is missing before it reads as zeros
      out.append(from.bytes, at, end - at);
    }
    at = end;
  }
  return out;
}

std::string what_survives_of(const simulated_disk::file& from, survivors kept) {
  const std::size_t rest = from.bytes.size() - from.synced;
  switch (kept) {
    case survivors::synced_only: return from.bytes.substr(0, from.synced);
    case survivors::half_of_the_rest: return from.bytes.substr(0, from.synced + rest / 2);
    case survivors::even_sectors:
    case survivors::odd_sectors: return every_other_sector(from, kept);
    case survivors::all_written: return from.bytes;
  }
  return from.bytes;
}

void forget_given_up(simulated_disk::file& from, const std::vector<std::pair<std::size_t, std::size_t>>& ranges) {
  for (const auto& [begin, end] : ranges) {
    for (std::size_t at = begin; at < std::min(end, from.bytes.size()); ++at) from.bytes[at] = '\0';
  }
}

}  // namespace

simulated_disk::simulated_disk() : segment_seam_{make_segment_seam(*this)}, env_{make_rocksdb_seam(*this)} {}
simulated_disk::~simulated_disk() { wait_for_background(); }

embedded::file_system& simulated_disk::files() { return *segment_seam_; }
rocksdb::Env& simulated_disk::env() { return *env_; }

void simulated_disk::fail_at(std::uint64_t operation, fault kind) {
  const std::lock_guard guard{mutex_};
  faults_[operation] = kind;
}

void simulated_disk::fail_every(change kind, bool on) {
  const std::lock_guard guard{mutex_};
  on ? static_cast<void>(failing_.insert(kind)) : static_cast<void>(failing_.erase(kind));
}

void simulated_disk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard guard{mutex_};
  capacity_ = bytes;
}

void simulated_disk::stop_now() {
  const std::lock_guard guard{mutex_};
  power_lost_at_ = 0;
}

bool simulated_disk::stopped() const {
  const std::lock_guard guard{mutex_};
  return power_lost_at_ && operations_ >= *power_lost_at_;
}

void simulated_disk::wait_for_background() {
  std::unique_lock guard{mutex_};
  idle_.wait(guard, [this] { return background_ == 0; });
}

void simulated_disk::background_started() {
  const std::lock_guard guard{mutex_};
  ++background_;
}

void simulated_disk::background_ended() {
  const std::lock_guard guard{mutex_};
  --background_;
  idle_.notify_all();
}

void simulated_disk::come_back(survivors kept) {
  const std::lock_guard guard{mutex_};
  if (kept == survivors::all_written) {
    change_hands();
  } else {
    find_after_power_loss(kept);
  }
  locks_.clear();
  power_lost_at_.reset();
  faults_.clear();
  failing_.clear();
}

// The machine went on: nothing became durable and nothing was lost. Who still has a file open holds another one now.
void simulated_disk::change_hands() {
  std::map<file*, file_ptr> copies;
  for (names* each : {&files_, &durable_names_}) {
    for (auto& [path, held] : *each) {
      file_ptr& copy = copies[held.get()];
      if (!copy) copy = std::make_shared<file>(*held);
      held = copy;
    }
  }
}

void simulated_disk::lose_every_other_name(survivors kept) {
  names found;
  for (const names* each : {&files_, &durable_names_}) {
    for (const auto& [path, held] : *each) {
      const bool is_new = is_of(kept, std::hash<std::string>{}(path));
      const names& chosen = is_new ? files_ : durable_names_;
      if (const auto it = chosen.find(path); it != chosen.end()) found[path] = it->second;
    }
  }
  files_ = std::move(found);
}

void simulated_disk::find_after_power_loss(survivors kept) {
  // With the torn model names survive too: the journal of a file system often gets further than it promised.
  if (kept == survivors::synced_only) files_ = durable_names_;
  if (keeps_no_order(kept)) lose_every_other_name(kept);
  durable_names_ = files_;
  used_ = 0;
  for (auto& [path, each] : files_) {
    // A file that is still open somewhere else must not see its bytes go.
    auto found = std::make_shared<file>();
    found->bytes = what_survives_of(*each, kept);
    found->synced = found->bytes.size();
    forget_given_up(*found, each->given_up);
    used_ += found->bytes.size();
    durable_names_[path] = found;
    each = std::move(found);
  }
}

std::uint64_t simulated_disk::operations() const {
  const std::lock_guard guard{mutex_};
  return operations_;
}

std::uint64_t simulated_disk::bytes_used() const {
  const std::lock_guard guard{mutex_};
  return used_;
}

std::vector<std::string> simulated_disk::files_like(const std::string& part) const {
  const std::lock_guard guard{mutex_};
  std::vector<std::string> out;
  for (const auto& [path, each] : files_) {
    if (path.find(part) != std::string::npos) out.push_back(path);
  }
  return out;
}

simulated_disk::file_ptr simulated_disk::find(const std::string& path) const {
  const std::lock_guard guard{mutex_};
  const auto known = files_.find(path);
  return known == files_.end() ? nullptr : known->second;
}

// REQUIRES: mutex_ is held by the caller of the public operation.
simulated_disk::fault simulated_disk::before(change kind, std::size_t grows_by) {
  ++operations_;
  if (power_lost_at_ && operations_ >= *power_lost_at_) return fault::io_error;
  const auto planned = faults_.find(operations_);
  if (planned != faults_.end()) return planned->second;
  if (failing_.contains(kind)) return fault::io_error;
  if (grows_by > 0 && used_ + grows_by > capacity_) return fault::no_space;
  return fault::none;
}

simulated_disk::fault simulated_disk::append(const file_ptr& target, std::string_view bytes) {
  const std::lock_guard guard{mutex_};
  const fault found = before(change::append, bytes.size());
  // A failing write leaves a part behind, as real ones do.
  const bool is_gone = power_lost_at_ && operations_ > *power_lost_at_;
  const std::string_view written = found == fault::none ? bytes : bytes.substr(0, is_gone ? 0 : bytes.size() / 3);
  target->bytes.append(written);
  used_ += written.size();
  return found;
}

simulated_disk::fault simulated_disk::sync(const file_ptr& target) {
  const std::lock_guard guard{mutex_};
  const fault found = before(change::sync);
  if (found == fault::none) {
    target->synced = target->bytes.size();
  } else if (!power_lost_at_ || operations_ < *power_lost_at_) {
    target->given_up.emplace_back(target->synced, target->bytes.size());
  }
  return found;
}

simulated_disk::fault simulated_disk::truncate(const file_ptr& target, std::size_t size) {
  const std::lock_guard guard{mutex_};
  const fault found = before(change::truncate);
  if (found != fault::none) return found;
  used_ -= target->bytes.size() - std::min(size, target->bytes.size());
  target->bytes.resize(size);
  target->synced = std::min(target->synced, size);
  for (auto& [begin, end] : target->given_up) {
    begin = std::min(begin, size);
    end = std::min(end, size);
  }
  return found;
}

simulated_disk::fault simulated_disk::create(const std::string& path, bool anew, file_ptr& out) {
  const std::lock_guard guard{mutex_};
  const auto known = files_.find(path);
  if (known != files_.end() && !anew) {
    out = known->second;
    return fault::none;
  }
  const fault found = before(change::create);
  if (found != fault::none) return found;
  out = std::make_shared<file>();
  files_[path] = out;
  return found;
}

simulated_disk::fault simulated_disk::remove(const std::string& path) {
  const std::lock_guard guard{mutex_};
  const fault found = before(change::remove);
  const auto known = files_.find(path);
  if (found != fault::none || known == files_.end()) return found;
  used_ -= known->second->bytes.size();
  files_.erase(known);
  return found;
}

simulated_disk::fault simulated_disk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard guard{mutex_};
  const fault found = before(change::rename);
  if (found != fault::none) return found;
  if (directories_.erase(from) > 0) {
    directories_.insert(to);
    move_below(files_, from, to);
    move_below(durable_names_, from, to);  // the model loses names of files, not of directories
    return found;
  }
  const auto known = files_.find(from);
  if (known == files_.end()) return found;
  files_[to] = known->second;
  files_.erase(from);
  return found;
}

void simulated_disk::remove_directory(const std::string& path) {
  const std::lock_guard guard{mutex_};
  directories_.erase(path);
}

void simulated_disk::move_below(names& where, const std::string& from, const std::string& to) {
  names moved;
  std::erase_if(where, [&](const auto& entry) {
    if (directory_of(entry.first) != from) return false;
    moved[to + "/" + name_of(entry.first)] = entry.second;
    return true;
  });
  where.merge(moved);
}

simulated_disk::fault simulated_disk::sync_directory(const std::string& path) {
  const std::lock_guard guard{mutex_};
  const fault found = before(change::sync_directory);
  if (found != fault::none) return found;
  std::erase_if(durable_names_, [&](const auto& entry) { return directory_of(entry.first) == path; });
  for (const auto& [name, each] : files_) {
    if (directory_of(name) == path) durable_names_[name] = each;
  }
  return found;
}

void simulated_disk::make_directory(const std::string& path) {
  const std::lock_guard guard{mutex_};
  for (std::string at = path; !at.empty() && directories_.insert(at).second;) at = directory_of(at);
}

bool simulated_disk::is_directory(const std::string& path) const {
  const std::lock_guard guard{mutex_};
  return directories_.contains(path);
}

std::vector<std::string> simulated_disk::list(const std::string& path) const {
  const std::lock_guard guard{mutex_};
  std::vector<std::string> out;
  for (const auto& [name, each] : files_) {
    if (directory_of(name) == path) out.push_back(name_of(name));
  }
  for (const std::string& name : directories_) {
    if (name != path && directory_of(name) == path) out.push_back(name_of(name));
  }
  return out;
}

std::string simulated_disk::read(const file_ptr& source, std::uint64_t offset, std::size_t size) const {
  const std::lock_guard guard{mutex_};
  return offset >= source->bytes.size() ? std::string{} : source->bytes.substr(offset, size);
}

std::size_t simulated_disk::size_of(const file_ptr& source) const {
  const std::lock_guard guard{mutex_};
  return source->bytes.size();
}

bool simulated_disk::take_lock(const std::string& path) {
  const std::lock_guard guard{mutex_};
  return locks_.insert(path).second;
}

void simulated_disk::drop_lock(const std::string& path) {
  const std::lock_guard guard{mutex_};
  locks_.erase(path);
}

}  // namespace stellwerk::spool
