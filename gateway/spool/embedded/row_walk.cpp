#include "gateway/spool/embedded/row_walk.hpp"

#include <algorithm>
#include <string>

#include "gateway/spool/embedded/encoding.hpp"

namespace stellwerk::spool::embedded {
namespace {

// key + 2^bit as a big-endian number; nothing if that is behind every key of the length.
std::optional<std::string> plus_bit(std::string key, std::size_t bit) {
  std::size_t at = key.size() - 1 - bit / 8;
  unsigned carry = 1U << bit % 8;
  for (;;) {
    const unsigned sum = static_cast<std::uint8_t>(key[at]) + carry;
    key[at] = static_cast<char>(sum);
    carry = sum >> 8;
    if (carry == 0) return key;
    if (at-- == 0) return std::nullopt;
  }
}

}  // namespace

bool holds_marks(family which) {
  return which == family::due || which == family::intent || which == family::idempotency_expiry;
}

std::size_t key_size_of(family which) {
  switch (which) {
    case family::meta: return 6;  // "format", "totals"
    case family::message:
    case family::body:
    case family::idempotency:
    case family::history_message: return 16;
    case family::recipient:
    case family::intent:
    case family::history_recipient: return 20;
    case family::due: return 32;
    case family::idempotency_expiry: return 24;
    case family::ledger: return 8;
    case family::lane:
    case family::segment: return 4;
    case family::suppression: return 48;  // of any length: as much as tells two addresses of a tenant apart
  }
  return 16;
}

std::string step_over_damage(state_cursor& at, std::string_view last_key, std::size_t key_size) {
  std::string bad{last_key.substr(0, key_size)};
  bad.resize(key_size, '\0');
  const auto is_good = [&](const std::optional<std::string>& key) {
    if (!key) return true;  // the end
    at.seek(*key);
    return !at.is_damaged();
  };
  std::size_t bit = 0;
  std::optional<std::string> good = plus_bit(bad, bit);
  while (!is_good(good)) {
    bad = *good;
    if (++bit == key_size * 8) {
      good.reset();
      break;
    }
    good = plus_bit(bad, bit);
  }
  while (bit-- > 0) {
    std::optional<std::string> middle = plus_bit(bad, bit);
    if (!middle || (good && *middle >= *good)) continue;
    if (is_good(middle)) {
      good = std::move(middle);
    } else {
      bad = std::move(*middle);
    }
  }
  std::string target = good ? std::move(*good) : std::string(key_size + 1, '\xff');
  at.seek(target);
  return target;
}

result<std::uint64_t> walk_rows(const state_db& db, family which, const row_visitor& visit) {
  std::uint64_t gaps = 0;
  std::string last;
  for (auto at = db.walk(which, {}, {});;) {
    if (at.valid()) {
      last = std::max(last, std::string{at.key()});  // damaged blocks may yield keys out of order
      visit(at.key(), holds_marks(which) ? std::optional{std::string_view{}}
                                         : unseal(at.sealed(), static_cast<std::uint8_t>(which), at.key()));
      at.next();
      continue;
    }
    if (!at.is_damaged()) {
      if (auto status = at.status(); !status) return status.error();
      return gaps;
    }
    ++gaps;
    last = step_over_damage(at, last, key_size_of(which));
    if (at.is_damaged()) return gaps;  // nothing behind it can be read
  }
}

}  // namespace stellwerk::spool::embedded
