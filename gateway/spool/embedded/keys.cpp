#include "gateway/spool/embedded/keys.hpp"

#include <cstring>

#include <xxhash.h>

#include "gateway/spool/embedded/encoding.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t id_size = 16;
constexpr std::size_t recipient_key_size = id_size + 4;
constexpr std::size_t due_key_size = 4 + 8 + recipient_key_size;

void append_recipient(std::string& out, const recipient_key& key) {
  out.append(key.message.view());
  append_be32(out, key.index);
}

}  // namespace

const char* name_of(family which) {
  switch (which) {
    case family::meta: return "default";
    case family::message: return "message";
    case family::body: return "body";
    case family::recipient: return "recipient";
    case family::due: return "due";
    case family::intent: return "intent";
    case family::idempotency: return "idempotency";
    case family::idempotency_expiry: return "idempotency_expiry";
    case family::lane: return "lane";
    case family::history_message: return "history_message";
    case family::history_recipient: return "history_recipient";
    case family::ledger: return "ledger";
    case family::segment: return "segment";
    case family::suppression: return "suppression";
  }
  return "";
}

std::string key_of(const recipient_key& key) {
  std::string out;
  out.reserve(recipient_key_size);
  append_recipient(out, key);
  return out;
}

std::string due_key_of(lane_id lane, const due_entry& entry) {
  std::string out;
  out.reserve(due_key_size);
  append_be32(out, lane);
  append_be64(out, to_stored_ms(entry.due));
  append_recipient(out, entry.key);
  return out;
}

std::string be32_key(std::uint32_t value) {
  std::string out;
  append_be32(out, value);
  return out;
}

std::string be64_key(std::uint64_t value) {
  std::string out;
  append_be64(out, value);
  return out;
}

std::string expiry_key_of(time_point expires, const idempotency_hash& hash) {
  std::string out;
  append_be64(out, to_stored_ms(expires));
  out.append(view_of(hash));
  return out;
}

std::optional<recipient_key> parse_recipient_key(std::string_view bytes) {
  if (bytes.size() != recipient_key_size) return std::nullopt;
  return recipient_key{queue_id::from_view(bytes.substr(0, id_size)), read_be32(bytes.substr(id_size))};
}

std::optional<due_entry> parse_due_key(std::string_view bytes) {
  if (bytes.size() != due_key_size) return std::nullopt;
  const auto key = parse_recipient_key(bytes.substr(12));
  return due_entry{from_stored_ms(read_be64(bytes.substr(4, 8))), *key};
}

std::string after_prefix(std::string_view prefix) {
  std::string out{prefix};
  while (!out.empty()) {
    if (static_cast<std::uint8_t>(out.back()) != 0xff) {
      out.back() = static_cast<char>(static_cast<std::uint8_t>(out.back()) + 1);
      return out;
    }
    out.pop_back();
  }
  return out;
}

idempotency_hash hash_of_claim(std::string_view tenant, std::string_view key, std::uint64_t seed) {
  std::string text{tenant};
  text.push_back('\0');
  text.append(key);
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(text.data(), text.size(), seed));
  idempotency_hash hash;
  std::memcpy(hash.data(), canonical.digest, hash.size());
  return hash;
}

std::uint64_t hash_of_address(std::string_view address) { return XXH3_64bits(address.data(), address.size()); }

}  // namespace stellwerk::spool::embedded
