#include "gateway/spool/embedded/segment_store.hpp"

#include <algorithm>
#include <utility>

#include "base/planted_defect.hpp"
#include "gateway/spool/embedded/segment_record.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t open_readers_max = 32;

std::uint64_t record_size(std::uint64_t length) { return record_header_size + length; }

}  // namespace

segment_store::segment_store(file_system& files, logger& log, segment_options options)
    : files_{files}, log_{log}, options_{std::move(options)} {}

std::string segment_store::path_of(std::uint32_t segment) const {
  return options_.directory + "/" + segment_file_name(segment);
}

result<void> segment_store::recover(segment_map rows, std::uint32_t next_segment) {
  if (auto made = files_.make_directory(options_.directory); !made) return made.error();
  segments_ = std::move(rows);
  next_segment_ = next_segment;
  if (!segments_.empty()) next_segment_ = std::max(next_segment_, segments_.rbegin()->first + 1);
  if (auto removed = remove_released_files(segments_, next_segment_); !removed) return removed.error();
  if (!segments_.empty()) {
    if (auto cut = cut_current(); !cut) return cut.error();
  }
  round_current_ = current_;
  round_next_segment_ = next_segment_;
  for (const auto& [segment, row] : segments_) {
    if (row.live == 0 && segment != current_) round_.emplace(segment, row);  // goes with the next batch
  }
  update_totals();
  return {};
}

result<void> segment_store::remove_released_files(const segment_map& rows, std::uint32_t next_segment) {
  const auto names = files_.list(options_.directory);
  if (!names) return names.error();
  bool is_changed = false;
  for (const std::string& name : *names) {
    const auto number = parse_segment_file_name(name);
    if (!number || rows.contains(*number)) continue;
    if (*number > next_segment) {
      // The state never got this far: it is older than the bodies. Nothing of it is touched.
      log_.error("spool.segment_unknown", {{"segment", *number}});
      next_segment_ = std::max(next_segment_, *number + 1);
      continue;
    }
    if (auto removed = files_.remove(options_.directory + "/" + name); !removed) return removed.error();
    is_changed = true;
  }
  return is_changed ? files_.sync_directory(options_.directory) : result<void>{};
}

result<void> segment_store::cut_current() {
  const auto& [segment, row] = *segments_.rbegin();
  auto file = files_.open_append(path_of(segment));
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size < row.size) {
    // Missing records are found when they are read. Appending here would put new bodies where old ones are expected.
    log_.error("spool.segment_short", {{"segment", segment}, {"bytes", *size}, {"expected_bytes", row.size}});
    return {};
  }
  if (*size > row.size) {
    log_.warning("spool.segment_cut", {{"segment", segment}, {"bytes", *size - row.size}});
    if (auto cut = (*file)->truncate(row.size); !cut) return cut.error();
    if (auto synced = (*file)->sync(); !synced) return synced.error();
  }
  if (row.size >= options_.segment_bytes) return {};
  current_ = segment;
  writer_ = std::move(*file);
  writer_segment_ = segment;
  return {};
}

segment_row& segment_store::in_round(std::uint32_t segment) {
  const auto known = round_.find(segment);
  if (known != round_.end()) return known->second;
  const auto committed = segments_.find(segment);
  return round_[segment] = committed == segments_.end() ? segment_row{} : committed->second;
}

body_place segment_store::reserve(const queue_id& id, mail::content_ptr content) {
  const std::uint64_t size = record_size(content->size());
  const bool fits = round_current_ != 0 && in_round(round_current_).size + size <= options_.segment_bytes;
  if (!fits) round_current_ = round_next_segment_++;
  segment_row& row = in_round(round_current_);
  const body_place place{round_current_, row.size, content->size()};
  row.size += size;
  row.live += size;
  std::string header = make_record_header(id, *content);
  reserved_.push_back({round_current_, std::move(header), std::move(content)});
  return place;
}

void segment_store::release(const body_place& place) {
  segment_row& row = in_round(place.segment);
  row.live -= std::min(row.live, record_size(place.length));
}

result<void> segment_store::open_for_append(std::uint32_t segment) {
  if (writer_ && writer_segment_ == segment) return {};
  writer_.reset();
  auto file = files_.open_append(path_of(segment));
  if (!file) return file.error();
  const auto committed = segments_.find(segment);
  const std::uint64_t expected = committed == segments_.end() ? 0 : committed->second.size;
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size != expected) {  // what a failed round left behind
    if (auto cut = (*file)->truncate(expected); !cut) return cut.error();
  }
  const bool is_skipped = planted(defect::directory_not_synced);
  const auto synced = is_skipped ? result<void>{} : files_.sync_directory(options_.directory);
  if (!synced) return error{errc::store_failed, "spool.sync"};
  writer_ = std::move(*file);
  writer_segment_ = segment;
  return {};
}

result<void> segment_store::append_run(std::size_t begin, std::size_t end) {
  if (auto opened = open_for_append(reserved_[begin].segment); !opened) return opened.error();
  std::vector<std::string_view> pieces;
  pieces.reserve((end - begin) * 2);
  for (std::size_t i = begin; i < end; ++i) {
    pieces.emplace_back(reserved_[i].header);
    pieces.emplace_back(*reserved_[i].content);
  }
  if (auto appended = writer_->append(pieces); !appended) return appended.error();
  if (!options_.sync || planted(defect::body_not_synced)) return {};
  if (auto synced = writer_->sync(); !synced) {
    // Whatever the reason, the pages may be gone: this is never a matter of trying again.
    log_.error("spool.sync_failed", {{"segment", writer_segment_}, {"error", synced.error().message()}});
    return error{errc::store_failed, "spool.sync"};
  }
  return {};
}

result<void> segment_store::write_reserved() {
  for (std::size_t begin = 0; begin < reserved_.size();) {
    std::size_t end = begin + 1;
    while (end < reserved_.size() && reserved_[end].segment == reserved_[begin].segment) ++end;
    if (auto run = append_run(begin, end); !run) return run.error();
    begin = end;
  }
  return {};
}

void segment_store::put_changes(state_batch& batch) {
  for (const auto& [segment, row] : round_) {
    const bool is_released = row.live == 0 && segment != round_current_;
    if (is_released && planted(defect::segment_unlinked_early)) (void)files_.remove(path_of(segment));
    if (is_released) {
      batch.erase(family::segment, be32_key(segment));
    } else {
      batch.put(family::segment, be32_key(segment), encode(row));
    }
  }
  // The file that was current until now and holds nothing any more goes too.
  const auto before = segments_.find(current_);
  if (current_ != round_current_ && before != segments_.end() && before->second.live == 0 &&
      !round_.contains(current_)) {
    round_[current_] = before->second;
    batch.erase(family::segment, be32_key(current_));
  }
}

void segment_store::commit_round() {
  bool is_removed = false;
  for (const auto& [segment, row] : round_) {
    if (row.live == 0 && segment != round_current_) {
      segments_.erase(segment);
      forget(segment);
      if (auto removed = files_.remove(path_of(segment)); !removed) {
        log_.warning("spool.segment_not_removed", {{"segment", segment}, {"error", removed.error().message()}});
      }
      is_removed = true;
    } else {
      segments_[segment] = row;
    }
  }
  if (is_removed) {
    if (auto synced = files_.sync_directory(options_.directory); !synced) {
      // Harmless: a name that comes back has no row and goes at the next start.
      log_.warning("spool.segment_not_removed", {{"error", synced.error().message()}});
    }
  }
  current_ = round_current_;
  next_segment_ = round_next_segment_;
  round_.clear();
  reserved_.clear();
  update_totals();
}

void segment_store::drop_round() {
  if (has_reserved()) {
    // What the round may have written lies behind the committed end; opening the file again cuts it.
    writer_.reset();
    writer_segment_ = 0;
  }
  round_.clear();
  reserved_.clear();
  round_current_ = current_;
  round_next_segment_ = next_segment_;
}

result<std::shared_ptr<segment_file>> segment_store::reader(std::uint32_t segment) const {
  {
    const std::lock_guard guard{readers_mutex_};
    const auto known = readers_.find(segment);
    if (known != readers_.end()) return known->second;
  }
  auto opened = files_.open_read(path_of(segment));
  if (!opened) return opened.error();
  std::shared_ptr<segment_file> file = std::move(*opened);
  const std::lock_guard guard{readers_mutex_};
  if (readers_.size() >= open_readers_max) readers_.erase(readers_.begin());
  readers_[segment] = file;
  return file;
}

void segment_store::forget(std::uint32_t segment) {
  const std::lock_guard guard{readers_mutex_};
  readers_.erase(segment);
}

result<std::string> segment_store::read_bytes(std::uint32_t segment, std::uint64_t offset, std::size_t size) const {
  const auto file = reader(segment);
  if (!file) return file.error();
  return (*file)->read_at(offset, size);
}

result<mail::content_ptr> segment_store::read(const queue_id& id, const body_place& place) const {
  const auto header = read_bytes(place.segment, place.offset, record_header_size);
  if (!header) return header.error();
  const auto parsed = parse_record_header(*header);
  if (!parsed || parsed->id != id || parsed->length != place.length) return error{errc::corrupt, "spool.read_body"};
  auto content = read_bytes(place.segment, place.offset + record_header_size, place.length);
  if (!content) return content.error();
  if (!record_holds(*header, *content)) return error{errc::corrupt, "spool.read_body"};
  return std::make_shared<const std::string>(std::move(*content));
}

void segment_store::update_totals() {
  std::uint64_t size = 0;
  std::uint64_t live = 0;
  for (const auto& [segment, row] : segments_) {
    size += row.size;
    live += row.live;
  }
  bytes_on_disk_.store(size, std::memory_order_relaxed);
  bytes_live_.store(live, std::memory_order_relaxed);
}

}  // namespace stellwerk::spool::embedded
