// One record of an archive (FORMAT.md, "Archive"): kind, length, checksum, payload. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stellwerk::spool::embedded {

inline constexpr std::string_view archive_magic = "SWARCH1\n";
inline constexpr std::size_t archive_header_size = 17;

enum class archive_kind : char {
  lane = 'L',
  suppression = 'S',
  message = 'M',
  recipient = 'R',
  key = 'K',
  content = 'C',
  end = 'E'
};

struct archive_header {
  archive_kind kind = archive_kind::end;
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;
};

[[nodiscard]] std::string make_archive_record(archive_kind kind, std::string_view payload);
[[nodiscard]] std::optional<archive_header> parse_archive_header(std::string_view bytes);
[[nodiscard]] bool archive_record_holds(const archive_header& header, std::string_view payload);

}  // namespace stellwerk::spool::embedded
