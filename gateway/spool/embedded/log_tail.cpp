#include "gateway/spool/embedded/log_tail.hpp"

#include <rocksdb/env.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t block_size = 32'768;
constexpr std::size_t header_size = 7;
constexpr std::size_t type_at = 6;
constexpr std::uint8_t type_max = 8;  // full, first, middle, last, and the same of recycled logs

constexpr std::array<std::uint32_t, 256> make_crc32c_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? value >> 1 ^ 0x82f63b78U : value >> 1;
    table[i] = value;
  }
  return table;
}

// As RocksDB stores it: rotated and offset, so that a checksum of data with checksums in it stays one.
std::uint32_t masked_crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> table = make_crc32c_table();
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<std::uint8_t>(byte)) & 0xffU];
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

std::uint32_t stored_crc(std::string_view record) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(record[i]);
  return value;
}

std::size_t stored_length(std::string_view record) {
  return static_cast<std::uint8_t>(record[4]) | static_cast<std::size_t>(static_cast<std::uint8_t>(record[5])) << 8;
}

bool has_known_type(std::string_view record) {
  const auto type = static_cast<std::uint8_t>(record[type_at]);
  return type >= 1 && type <= type_max;
}

// `length` instead of what the header says.
bool checksum_holds(std::string_view record, std::size_t length) {
  if (record.size() < header_size + length || !has_known_type(record)) return false;
  return stored_crc(record) == masked_crc32c(record.substr(type_at, 1 + length));
}

// What is left of the block in which the records stop making sense.
bool is_damaged(std::string_view tail) {
  if (tail.size() < header_size) return false;
  const std::size_t payload = tail.size() - header_size;
  if (checksum_holds(tail, payload)) return true;  // whole, but for its length
  for (std::size_t at = 1; at + header_size < tail.size(); ++at) {
    const std::string_view record = tail.substr(at);
    const std::size_t length = stored_length(record);
    if (length > 0 && checksum_holds(record, length)) return true;
  }
  return false;
}

// The records of one block, hop by hop, up to the first that does not fit.
std::string_view unread_part(std::string_view block) {
  while (block.size() >= header_size) {
    const std::size_t size = header_size + stored_length(block);
    if (!has_known_type(block) || size > block.size()) return block;
    block.remove_prefix(size);
  }
  return {};
}

bool is_log(const std::string& name) { return name.ends_with(".log") || name.starts_with("MANIFEST-"); }

// The last, perhaps partial, block of a log: only that one is read leniently; faults of an earlier one RocksDB reports.
result<std::string> read_last_block(rocksdb::Env& env, const std::string& path) {
  std::uint64_t size = 0;
  std::unique_ptr<rocksdb::RandomAccessFile> file;
  if (!env.GetFileSize(path, &size).ok() || !env.NewRandomAccessFile(path, &file, {}).ok()) {
    return error{errc::store_failed, "spool.open"};
  }
  if (size == 0) return std::string{};
  const std::uint64_t from = (size - 1) / block_size * block_size;
  std::string scratch(static_cast<std::size_t>(size - from), '\0');
  rocksdb::Slice got;
  if (!file->Read(from, scratch.size(), &got, scratch.data()).ok()) return error{errc::store_failed, "spool.open"};
  return got.ToString();
}

}  // namespace

bool has_damaged_tail(std::string_view last_block) {
  const std::string_view tail = unread_part(last_block);
  return !tail.empty() && is_damaged(tail);
}

result<void> check_log_tails(const state_options& options) {
  rocksdb::Env& env = options.env == nullptr ? *rocksdb::Env::Default() : *options.env;
  std::vector<std::string> names;
  if (!env.GetChildren(options.directory, &names).ok()) return {};  // no store yet
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (!is_log(name)) continue;
    const auto block = read_last_block(env, options.directory + "/" + name);
    if (!block) return block.error();
    if (!has_damaged_tail(*block)) continue;
    if (options.log != nullptr) options.log->error("spool.log_damaged", {{"file", name}});
    return error{errc::corrupt, "spool.open"};
  }
  return {};
}

}  // namespace stellwerk::spool::embedded
