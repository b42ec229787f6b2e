#include "gateway/spool/embedded/segment_record.hpp"

#include <limits>
#include <memory>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/planted_defect.hpp"
#include "base/text.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::string_view magic = "SWB1";
constexpr char record_version = 1;
constexpr std::size_t checked_header_size = record_header_size - 8;
constexpr std::string_view suffix = ".seg";

void append_le64(std::string& out, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t read_le64(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

std::uint64_t checksum_of(std::string_view checked_header, std::string_view content) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state{XXH3_createState(), &XXH3_freeState};
  XXH3_64bits_reset(state.get());
  XXH3_64bits_update(state.get(), checked_header.data(), checked_header.size());
  XXH3_64bits_update(state.get(), content.data(), content.size());
  return XXH3_64bits_digest(state.get());
}

}  // namespace

std::string make_record_header(const queue_id& id, std::string_view content) {
  std::string out;
  out.reserve(record_header_size);
  out.append(magic);
  out.push_back(record_version);
  out.append(3, '\0');  // flags, reserved
  append_le64(out, content.size());
  out.append(id.view());
  append_le64(out, checksum_of(out, content));
  return out;
}

std::optional<record_header> parse_record_header(std::string_view bytes) {
  if (bytes.size() < record_header_size || bytes.substr(0, magic.size()) != magic) return std::nullopt;
  if (bytes[magic.size()] != record_version) return std::nullopt;
  record_header header;
  header.length = read_le64(bytes.substr(8, 8));
  header.id = queue_id::from_view(bytes.substr(16, 16));
  header.checksum = read_le64(bytes.substr(checked_header_size, 8));
  return header;
}

bool record_holds(std::string_view header_bytes, std::string_view content) {
  const auto header = parse_record_header(header_bytes);
  if (planted(defect::checksum_not_verified)) return true;
  return header && header->length == content.size() &&
         header->checksum == checksum_of(header_bytes.substr(0, checked_header_size), content);
}

std::string segment_file_name(std::uint32_t segment) { return fmt::format("{:08}{}", segment, suffix); }

std::optional<std::uint32_t> parse_segment_file_name(std::string_view name) {
  if (!name.ends_with(suffix)) return std::nullopt;
  const auto number = parse_decimal(name.substr(0, name.size() - suffix.size()));
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

}  // namespace stellwerk::spool::embedded
