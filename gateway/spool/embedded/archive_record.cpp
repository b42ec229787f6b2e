#include "gateway/spool/embedded/archive_record.hpp"

#include <xxhash.h>

#include "gateway/spool/embedded/encoding.hpp"

namespace stellwerk::spool::embedded {
namespace {

std::uint64_t checksum_of(archive_kind kind, std::string_view payload) {
  return XXH3_64bits_withSeed(payload.data(), payload.size(), static_cast<std::uint8_t>(kind) + payload.size());
}

bool is_known(char kind) { return std::string_view{"LSMRKCE"}.find(kind) != std::string_view::npos; }

}  // namespace

std::string make_archive_record(archive_kind kind, std::string_view payload) {
  std::string out;
  out.reserve(archive_header_size + payload.size());
  out.push_back(static_cast<char>(kind));
  append_be64(out, payload.size());
  append_be64(out, checksum_of(kind, payload));
  out.append(payload);
  return out;
}

std::optional<archive_header> parse_archive_header(std::string_view bytes) {
  if (bytes.size() < archive_header_size || !is_known(bytes[0])) return std::nullopt;
  return archive_header{static_cast<archive_kind>(bytes[0]), read_be64(bytes.substr(1)), read_be64(bytes.substr(9))};
}

bool archive_record_holds(const archive_header& header, std::string_view payload) {
  return payload.size() == header.length && header.checksum == checksum_of(header.kind, payload);
}

}  // namespace stellwerk::spool::embedded
