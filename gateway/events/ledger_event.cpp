#include "gateway/events/ledger_event.hpp"

#include <array>
#include <utility>

namespace stellwerk::events {
namespace {

constexpr char version = 1;

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// Tag order is the order here; append only.
constexpr std::array<std::string ledger_event::*, 13> text_fields{
    &ledger_event::recipient,       &ledger_event::stream, &ledger_event::stream_reason,
    &ledger_event::state,           &ledger_event::reason, &ledger_event::attempt_id,
    &ledger_event::destination,     &ledger_event::route,  &ledger_event::outcome,
    &ledger_event::enhanced_status, &ledger_event::reply,  &ledger_event::vendor_message_id,
    &ledger_event::campaign};

}  // namespace

std::string_view to_string(event_kind kind) {
  switch (kind) {
    case event_kind::accepted: return "accepted";
    case event_kind::attempt: return "attempt";
    case event_kind::disposition: return "disposition";
    case event_kind::state: return "state";
  }
  return "state";
}

std::string encode(const ledger_event& event) {
  std::string out;
  out.reserve(160);
  out += version;
  out += static_cast<char>(event.kind);
  put_varint(out, static_cast<std::uint64_t>(event.at.time_since_epoch().count()));
  out.append(event.message.view());
  for (std::size_t i = 0; i < text_fields.size(); ++i) {
    const std::string& value = event.*text_fields[i];
    if (value.empty()) continue;
    out += static_cast<char>(i);
    put_varint(out, value.size());
    out += value;
  }
  return out;
}

std::optional<ledger_event> decode(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != version || bytes[1] < 1 || bytes[1] > 4) return std::nullopt;
  ledger_event event;
  event.kind = static_cast<event_kind>(bytes[1]);
  bytes.remove_prefix(2);
  const auto at = take_varint(bytes);
  if (!at || bytes.size() < 16) return std::nullopt;
  event.at = time_point{std::chrono::milliseconds{static_cast<long long>(*at)}};
  event.message = queue_id::from_view(bytes.substr(0, 16));
  bytes.remove_prefix(16);
  while (!bytes.empty()) {
    const auto tag = static_cast<std::size_t>(static_cast<unsigned char>(bytes.front()));
    bytes.remove_prefix(1);
    const auto length = take_varint(bytes);
    if (!length || *length > bytes.size()) return std::nullopt;
    if (tag < text_fields.size()) event.*text_fields[tag] = std::string{bytes.substr(0, *length)};
    bytes.remove_prefix(*length);
  }
  return event;
}

}  // namespace stellwerk::events
