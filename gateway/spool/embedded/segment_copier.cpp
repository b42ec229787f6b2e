#include "gateway/spool/embedded/segment_copier.hpp"

#include "gateway/spool/embedded/segment_record.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::uint64_t step_bytes = 1ULL << 20;
constexpr int step_records = 1024;

}  // namespace

bool segment_copier::is_due() const {
  if (segments_.bytes_on_disk() <= 2 * segments_.bytes_live() + 2 * segment_bytes_) return false;
  return victim_ != 0 || segments_.segments().size() > damaged_.size() + 1;
}

bool segment_copier::choose_victim() {
  double best = 1.0;
  for (const auto& [segment, row] : segments_.segments()) {
    if (segment == segments_.current() || row.size == 0 || damaged_.contains(segment)) continue;
    const double density = static_cast<double>(row.live) / static_cast<double>(row.size);
    if (density >= best) continue;
    best = density;
    victim_ = segment;
  }
  cursor_ = 0;
  return victim_ != 0;
}

void segment_copier::give_up(const char* why) {
  log_.error("spool.copy_given_up", {{"segment", victim_}, {"offset", cursor_}, {"why", why}});
  damaged_.insert(victim_);
  victim_ = 0;
}

result<std::uint64_t> segment_copier::step(state_batch& batch) {
  if (victim_ != 0 && !segments_.segments().contains(victim_)) victim_ = 0;  // it was released meanwhile
  if (victim_ == 0 && !choose_victim()) return std::uint64_t{0};
  step_start_ = cursor_;
  moved_.clear();
  std::uint64_t copied = 0;
  for (int i = 0; i < step_records && copied < step_bytes; ++i) {
    if (cursor_ >= segments_.segments().at(victim_).size) {
      // All of it was seen. What still counts as live could not be read.
      if (moved_.empty()) give_up("live bytes without readable records");
      return copied;
    }
    const auto size = visit(batch, copied);
    if (!size) {
      give_up("read failed");
      return size.error();
    }
    if (*size == 0) {
      give_up("unreadable record");
      return copied;
    }
    cursor_ += *size;
  }
  return copied;
}

result<std::uint64_t> segment_copier::visit(state_batch& batch, std::uint64_t& copied) {
  const auto bytes = segments_.read_bytes(victim_, cursor_, record_header_size);
  if (!bytes) return bytes.error();
  const auto header = parse_record_header(*bytes);
  if (!header || header->length > segments_.segments().at(victim_).size - cursor_) return std::uint64_t{0};
  const std::uint64_t size = record_header_size + header->length;
  const body_place here{victim_, cursor_, header->length};
  const auto value = db_.get(family::body, header->id.view());
  if (!value && !value.error().is(errc::corrupt)) return value.error();
  const auto stored = value && *value ? decode_body(**value) : std::nullopt;
  if (!stored || stored->place != here) return size;  // released, or moved before
  auto content = segments_.read(header->id, here);
  if (!content) return size;  // damaged: it stays, and with it the file
  const body_place there = segments_.reserve(header->id, *content);
  segments_.release(here);
  batch.put(family::body, header->id.view(), encode(there));
  moved_.emplace_back(header->id, there);
  copied += size;
  return size;
}

void segment_copier::committed() {
  for (const auto& [id, place] : moved_) cache_.move_body(id, place);
  moved_.clear();
}

void segment_copier::dropped() {
  cursor_ = step_start_;
  moved_.clear();
}

}  // namespace stellwerk::spool::embedded
