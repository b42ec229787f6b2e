// One body in a segment file: a header of 40 bytes and the content. Layout in FORMAT.md. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace stellwerk::spool::embedded {

inline constexpr std::size_t record_header_size = 40;

struct record_header {
  queue_id id;
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;
};

[[nodiscard]] std::string make_record_header(const queue_id& id, std::string_view content);
// Checks the form only; the checksum needs the content.
[[nodiscard]] std::optional<record_header> parse_record_header(std::string_view bytes);
[[nodiscard]] bool record_holds(std::string_view header_bytes, std::string_view content);

[[nodiscard]] std::string segment_file_name(std::uint32_t segment);  // "00000042.seg"
[[nodiscard]] std::optional<std::uint32_t> parse_segment_file_name(std::string_view name);

}  // namespace stellwerk::spool::embedded
