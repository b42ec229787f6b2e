#include "gateway/spool/embedded/log_tail.hpp"

#include <rocksdb/env.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t block_size = 32'768;
constexpr std::size_t header_size = 7;
constexpr std::size_t type_at = 6;
constexpr std::uint8_t type_full = 1;
constexpr std::uint8_t type_first = 2;
constexpr std::uint8_t type_last = 4;
constexpr std::uint8_t type_max = 4;      // full, first, middle, last
constexpr std::uint8_t types_again = 4;   // added to each of them in recycled logs, of which there are none here
constexpr std::size_t sector_size = 512;  // what a disk writes whole

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

bool is_of_recycled_log(std::string_view record) {
  const auto type = static_cast<std::uint8_t>(record[type_at]);
  return type > type_max && type <= type_max + types_again;
}

// RocksDB takes it for room that was never written to, and goes on in the next block.
bool is_skipped(std::string_view record) { return record[type_at] == 0 && stored_length(record) == 0; }

// `length` instead of what the header says.
bool checksum_holds(std::string_view record, std::size_t length) {
  if (record.size() < header_size + length || !has_known_type(record)) return false;
  return stored_crc(record) == masked_crc32c(record.substr(type_at, 1 + length));
}

// It may stand in mail within a record: that has no NUL. A record has one in its length, or in the sequence number that
// a long one holds.
bool may_be_mail(std::string_view record) {
  return record.substr(0, header_size + stored_length(record)).find('\0') == std::string_view::npos;
}

// What is left of the block in which the records stop making sense.
bool is_damaged(std::string_view tail) {
  if (tail.size() < header_size) return false;
  const std::size_t payload = tail.size() - header_size;
  if (checksum_holds(tail, payload)) return true;  // whole, but for its length
  for (std::size_t at = 1; at + header_size < tail.size(); ++at) {
    const std::string_view record = tail.substr(at);
    const std::size_t length = stored_length(record);
    if (length > 0 && !may_be_mail(record) && checksum_holds(record, length)) return true;
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

// Everything before `place` is whole: RocksDB gets there, and a record begins there.
bool is_read_up_to(std::string_view block, std::size_t place) {
  for (std::size_t at = 0; at < place; at += header_size + stored_length(block.substr(at))) {
    if (!checksum_holds(block.substr(at), stored_length(block.substr(at)))) return false;
  }
  return true;
}

// Where RocksDB gets to something that is no record of ours, or does not fit.
std::optional<std::size_t> strange_record_in(std::string_view block) {
  const std::size_t at = block.size() - unread_part(block).size();
  if (block.size() - at < header_size || !is_read_up_to(block, at)) return std::nullopt;
  return at;
}

std::optional<std::size_t> false_end_in(std::string_view block) {
  const auto at = strange_record_in(block);
  return at && is_of_recycled_log(block.substr(*at)) ? at : std::nullopt;
}

bool begins_commit(std::string_view record) {
  const auto type = static_cast<std::uint8_t>(record[type_at]);
  return (type == type_full || type == type_first) && checksum_holds(record, stored_length(record));
}

bool has_commit_in(std::string_view block_rest) {
  for (; block_rest.size() >= header_size; block_rest.remove_prefix(1)) {
    if (begins_commit(block_rest) && !may_be_mail(block_rest)) return true;
  }
  return false;
}

bool has_commit_in_block(std::string_view block) {
  while (block.size() >= header_size && checksum_holds(block, stored_length(block))) {
    if (begins_commit(block)) return true;
    block.remove_prefix(header_size + stored_length(block));
  }
  return has_commit_in(block);
}

// In the block of the fault it is not known where records begin: every place is tried. A later block begins with one.
bool has_commit_behind(std::string_view log, std::size_t fault) {
  const std::size_t next_block = std::min(log.size(), (fault / block_size + 1) * block_size);
  if (has_commit_in(log.substr(fault, next_block - fault))) return true;
  for (std::size_t at = next_block; at < log.size(); at += block_size) {
    if (has_commit_in_block(log.substr(at, block_size))) return true;
  }
  return false;
}

// A record is whole but for the first bytes of its checksum, fewer than there are.
bool lacks_only(std::size_t bytes, std::string_view record) {
  const std::size_t length = stored_length(record);
  if (record.size() < header_size + length) return false;
  return (stored_crc(record) ^ masked_crc32c(record.substr(type_at, 1 + length))) >> 8 * bytes == 0;
}

// A sector, or what lies of it within the record, was never written. A few bytes may be zeros by chance.
bool has_hole(std::string_view log, std::size_t fault) {
  constexpr std::size_t telling_size = 4;
  const std::string_view record = log.substr(fault, block_size - fault % block_size);
  const std::size_t size = header_size + stored_length(record);
  const std::size_t end = fault + (has_known_type(record) && size <= record.size() ? size : record.size());
  for (std::size_t at = fault; at < end;) {
    const std::size_t next = std::min(log.size(), (at / sector_size + 1) * sector_size);
    const std::string_view part = log.substr(at, next - at);
    const bool is_zero = part.find_first_not_of('\0') == std::string_view::npos;
    if (is_zero && part.size() >= telling_size) return true;
    if (is_zero && at == fault && lacks_only(part.size(), record)) return true;
    at = next;
  }
  return false;
}

bool is_log(std::string_view name, std::string_view manifest) { return name.ends_with(".log") || name == manifest; }

// The manifest that counts; another may be there whose start was cut off. Empty: none yet.
std::string manifest_of(rocksdb::Env& env, const std::string& directory) {
  std::string name;
  if (!rocksdb::ReadFileToString(&env, directory + "/CURRENT", &name).ok()) return {};
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

rocksdb::Env& env_of(const state_options& options) {
  return options.env == nullptr ? *rocksdb::Env::Default() : *options.env;
}

// In the order in which they were written, the manifest last.
std::vector<std::string> logs_of(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  if (!env.GetChildren(directory, &names).ok()) return {};  // no store yet
  const std::string manifest = manifest_of(env, directory);
  std::erase_if(names, [&](const std::string& name) { return !is_log(name, manifest); });
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair{a.size(), a} < std::pair{b.size(), b};  // numbers of six digits or more
  });
  return names;
}

// Block by block, as RocksDB will read it.
result<bool> is_damaged_log(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::SequentialFile> file;
  if (!env.NewSequentialFile(path, &file, {}).ok()) return error{errc::store_failed, "spool.open"};
  std::string scratch(block_size, '\0');
  for (bool was_skipped = false;;) {
    rocksdb::Slice got;
    if (!file->Read(block_size, &got, scratch.data()).ok()) return error{errc::store_failed, "spool.open"};
    const std::string_view block = got.ToStringView();
    if (false_end_in(block) || (was_skipped && has_commit_in_block(block))) return true;
    if (block.size() < block_size) return has_damaged_tail(block);
    const auto at = strange_record_in(block);
    if (!at || !is_skipped(block.substr(*at))) continue;
    if (has_commit_in(block.substr(*at))) return true;
    was_skipped = true;
  }
}

}  // namespace

bool has_damaged_tail(std::string_view last_block) {
  const std::string_view tail = unread_part(last_block);
  return !tail.empty() && is_damaged(tail);
}

std::optional<std::size_t> torn_commit_in(std::string_view log) {
  std::size_t commit = 0;
  bool is_within = false;  // the commit that begins there has more records
  for (std::size_t at = 0; at + header_size <= log.size();) {
    const std::string_view record = log.substr(at, block_size - at % block_size);
    if (record.size() < header_size) {
      at += record.size();  // the end of a block, too short for a header
      continue;
    }
    const std::size_t length = stored_length(record);
    if (!is_within) commit = at;
    if (!checksum_holds(record, length)) {
      if (has_commit_behind(log, at + 1) || !has_hole(log, at)) return std::nullopt;
      return commit;
    }
    const auto type = static_cast<std::uint8_t>(record[type_at]);
    is_within = type == type_first || (is_within && type != type_last);
    at += header_size + length;
  }
  return std::nullopt;
}

void mend_types(std::span<char> block) {
  const std::string_view seen{block.data(), block.size()};
  while (const auto at = false_end_in(seen)) block[*at + type_at] -= types_again;
}

result<void> check_log_tails(const state_options& options) {
  rocksdb::Env& env = env_of(options);
  for (const std::string& name : logs_of(env, options.directory)) {
    const auto is_damaged = is_damaged_log(env, options.directory + "/" + name);
    if (!is_damaged) return is_damaged.error();
    if (!*is_damaged) continue;
    if (options.log != nullptr) options.log->error("spool.log_damaged", {{"file", name}});
    return error{errc::corrupt, "spool.open"};
  }
  return {};
}

result<shown_sizes> find_torn_commits(const state_options& options) {
  struct torn_log {
    std::string name;
    std::size_t begin;
    std::size_t size;  // of what is dropped
  };
  rocksdb::Env& env = env_of(options);
  std::vector<torn_log> torn;
  for (const std::string& name : logs_of(env, options.directory)) {
    std::string log;
    if (!rocksdb::ReadFileToString(&env, options.directory + "/" + name, &log).ok())
      return error{errc::store_failed, "spool.open"};
    const bool is_written = log.find_first_not_of('\0') != std::string::npos;
    if (is_written && name.ends_with(".log")) torn.clear();
    if (const auto begin = torn_commit_in(log)) torn.push_back({name, *begin, log.size() - *begin});
  }
  shown_sizes out;
  for (const auto& [name, begin, size] : torn) {
    out.emplace(name, begin);
    if (options.log != nullptr)
      options.log->warning("spool.torn_commit", {{"file", name}, {"offset", begin}, {"bytes", size}});
  }
  return out;
}

}  // namespace stellwerk::spool::embedded
