#include "gateway/spool/embedded/body_search.hpp"

#include <algorithm>
#include <vector>

#include "gateway/spool/embedded/segment_record.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t window_size = 1U << 20;
constexpr std::string_view magic = "SWB1";

// Where the next record may begin, from `at` on; the end of the file if nowhere.
std::uint64_t next_magic(const segment_file& file, std::uint64_t at) {
  for (;;) {
    const auto window = file.read_at(at, window_size);
    if (!window || window->size() < magic.size()) return at + (window ? window->size() : 0);
    const auto found = window->find(magic);
    if (found != std::string::npos) return at + found;
    at += window->size() - (magic.size() - 1);
  }
}

}  // namespace

std::optional<body_place> body_search::find(const queue_id& id) {
  if (!is_indexed_) index();
  const auto known = places_.find(id);
  return known == places_.end() ? std::nullopt : std::optional{known->second};
}

void body_search::index() {
  is_indexed_ = true;
  const auto names = files_.list(directory_);
  if (!names) return;
  std::vector<std::uint32_t> segments;
  for (const std::string& name : *names) {
    if (const auto number = parse_segment_file_name(name)) segments.push_back(*number);
  }
  std::sort(segments.begin(), segments.end());  // a copy lies in a younger segment than its original
  for (const std::uint32_t segment : segments) {
    if (const auto file = files_.open_read(directory_ + "/" + segment_file_name(segment)))
      index_segment(segment, **file);
  }
}

void body_search::index_segment(std::uint32_t segment, const segment_file& file) {
  const auto size = file.size();
  if (!size) return;
  for (std::uint64_t at = 0; at + record_header_size <= *size;) {
    const auto bytes = file.read_at(at, record_header_size);
    const auto header = bytes ? parse_record_header(*bytes) : std::nullopt;
    if (header && header->length <= *size - at - record_header_size) {
      const auto content = file.read_at(at + record_header_size, static_cast<std::size_t>(header->length));
      if (content && record_holds(*bytes, *content)) {
        places_.insert_or_assign(header->id, body_place{segment, at, header->length});
        at += record_header_size + header->length;
        continue;
      }
    }
    at = next_magic(file, at + 1);
  }
}

}  // namespace stellwerk::spool::embedded
