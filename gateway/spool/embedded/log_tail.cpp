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
constexpr std::uint8_t type_max = 8;      // full, first, middle, last, and the same of recycled logs
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

bool begins_commit(std::string_view record) {
  const auto type = static_cast<std::uint8_t>(record[type_at]);
  return (type == type_full || type == type_first) && checksum_holds(record, stored_length(record));
}

bool has_commit_in(std::string_view block_rest) {
  for (; block_rest.size() >= header_size; block_rest.remove_prefix(1)) {
    if (begins_commit(block_rest)) return true;
  }
  return false;
}

// In the block of the fault it is not known where records begin: every place is tried. A later block begins with one.
bool has_commit_behind(std::string_view log, std::size_t fault) {
  const std::size_t next_block = std::min(log.size(), (fault / block_size + 1) * block_size);
  if (has_commit_in(log.substr(fault, next_block - fault))) return true;
  for (std::size_t at = next_block; at < log.size(); at += block_size) {
    std::string_view rest = log.substr(at, block_size);
    while (rest.size() >= header_size && checksum_holds(rest, stored_length(rest))) {
      if (begins_commit(rest)) return true;
      rest.remove_prefix(header_size + stored_length(rest));
    }
    if (has_commit_in(rest)) return true;
  }
  return false;
}

// A sector, or what lies of it within the commit, was never written. Of the last one some bytes are needed to tell.
bool has_hole(std::string_view log, std::size_t begin) {
  constexpr std::size_t telling_size = 4;
  for (std::size_t at = begin; at < log.size();) {
    const std::size_t end = std::min(log.size(), (at / sector_size + 1) * sector_size);
    const std::string_view part = log.substr(at, end - at);
    const bool is_zero = part.find_first_not_of('\0') == std::string_view::npos;
    if (is_zero && (end < log.size() || part.size() >= telling_size)) return true;
    at = end;
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
      if (has_commit_behind(log, at + 1) || !has_hole(log, commit)) return std::nullopt;
      return commit;
    }
    const auto type = static_cast<std::uint8_t>(record[type_at]);
    is_within = type == type_first || (is_within && type != type_last);
    at += header_size + length;
  }
  return std::nullopt;
}

result<void> check_log_tails(const state_options& options) {
  rocksdb::Env& env = env_of(options);
  for (const std::string& name : logs_of(env, options.directory)) {
    const auto block = read_last_block(env, options.directory + "/" + name);
    if (!block) return block.error();
    if (!has_damaged_tail(*block)) continue;
    if (options.log != nullptr) options.log->error("spool.log_damaged", {{"file", name}});
    return error{errc::corrupt, "spool.open"};
  }
  return {};
}

result<shown_sizes> find_torn_commits(const state_options& options) {
  rocksdb::Env& env = env_of(options);
  shown_sizes out;
  for (const std::string& name : logs_of(env, options.directory)) {
    std::string log;
    if (!rocksdb::ReadFileToString(&env, options.directory + "/" + name, &log).ok())
      return error{errc::store_failed, "spool.open"};
    const bool is_later_log = !out.empty() && name.ends_with(".log");
    if (is_later_log && log.size() >= header_size && begins_commit(log)) return shown_sizes{};
    const auto begin = torn_commit_in(log);
    if (!begin) continue;
    out.emplace(name, *begin);
    if (options.log != nullptr)
      options.log->warning("spool.torn_commit", {{"file", name}, {"offset", *begin}, {"bytes", log.size() - *begin}});
  }
  return out;
}

}  // namespace stellwerk::spool::embedded
