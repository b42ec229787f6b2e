#include "gateway/events/audit_log.hpp"

#include "base/sha256.hpp"
#include "base/text.hpp"

namespace stellwerk::events {
namespace {

constexpr std::string_view hash_key = ", \"hash\": \"";
constexpr std::string_view line_end = "\"}\n";
constexpr std::size_t hash_length = 64;
constexpr std::string_view first_previous = "";

void append_member(std::string& out, std::string_view key, std::string_view value) {
  out += ", ";
  append_json_string(out, key);
  out += ": ";
  append_json_string(out, value);
}

// What a line says of its place in the chain; nothing if it is not of our making.
struct chain_place {
  std::uint64_t sequence = 0;
  std::string_view previous;
  std::string_view hash;
  std::string_view hashed;  // what the hash is of
};

std::optional<chain_place> place_of(std::string_view line) {
  constexpr std::string_view start = "{\"sequence\": ";
  constexpr std::string_view previous_key = ", \"previous\": \"";
  const std::size_t tail = hash_key.size() + hash_length + line_end.size();
  if (!line.starts_with(start) || line.size() < tail || !line.ends_with(line_end)) return std::nullopt;
  chain_place place;
  place.hashed = line.substr(0, line.size() - tail);
  if (line.substr(place.hashed.size(), hash_key.size()) != hash_key) return std::nullopt;
  place.hash = line.substr(place.hashed.size() + hash_key.size(), hash_length);
  const std::string_view digits = line.substr(start.size(), line.find(',') - start.size());
  const auto sequence = parse_decimal(digits);
  // The last one: what people wrote cannot hold an unescaped quote, so it is the key itself.
  const auto previous = place.hashed.rfind(previous_key);
  if (!sequence || previous == std::string_view::npos || !place.hashed.ends_with('"')) return std::nullopt;
  place.sequence = *sequence;
  place.previous = place.hashed.substr(previous + previous_key.size());
  place.previous.remove_suffix(1);
  return place;
}

std::string broken_link(const chain_place& place, const audit_head& before) {
  if (place.sequence != before.sequence + 1) {
    return "has sequence " + std::to_string(place.sequence) + " where " + std::to_string(before.sequence + 1) +
           " is expected: a line is missing or stands elsewhere";
  }
  if (place.previous != before.hash) return "does not follow the line before it";
  if (sha256_hex(place.hashed) != place.hash) return "was changed: its hash does not hold";
  return "";
}

}  // namespace

std::string to_string(const audit_head& head) { return std::to_string(head.sequence) + ":" + head.hash; }

std::optional<audit_head> parse_audit_head(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto sequence = parse_decimal(text.substr(0, colon));
  const std::string_view hash = text.substr(colon + 1);
  if (!sequence || hash.size() != (*sequence == 0 ? 0 : hash_length)) return std::nullopt;
  return audit_head{*sequence, std::string{hash}};
}

audit_line make_audit_line(const audit_entry& entry, time_point at, const audit_head& before) {
  audit_line made;
  made.head.sequence = before.sequence + 1;
  std::string& text = made.text;
  text = "{\"sequence\": " + std::to_string(made.head.sequence);
  append_member(text, "at", to_rfc3339(at));
  append_member(text, "action", entry.action);
  append_member(text, "subject", entry.subject);
  append_member(text, "reason", entry.reason);
  append_member(text, "actor", entry.actor);
  text += ", \"details\": {";
  bool first = true;
  for (const auto& [key, value] : entry.details) {
    if (!first) text += ", ";
    first = false;
    append_json_string(text, key);
    text += ": ";
    append_json_string(text, value);
  }
  text += '}';
  append_member(text, "previous", before.sequence == 0 ? first_previous : std::string_view{before.hash});
  made.head.hash = sha256_hex(text);
  text += hash_key;
  text += made.head.hash;
  text += line_end;
  return made;
}

std::variant<audit_head, audit_fault> verify_audit(std::string_view text, const std::optional<audit_head>& expected) {
  audit_head end;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto line_break = text.find('\n');
    const std::string_view line = text.substr(0, line_break == std::string_view::npos ? text.size() : line_break + 1);
    text.remove_prefix(line.size());
    const auto place = place_of(line);
    if (!place) return audit_fault{number, "is no line of this log"};
    if (std::string broken = broken_link(*place, end); !broken.empty()) return audit_fault{number, std::move(broken)};
    end = {place->sequence, std::string{place->hash}};
    if (expected && expected->sequence == end.sequence && expected->hash != end.hash) {
      return audit_fault{number, "is another line than the one that was written"};
    }
  }
  if (expected && expected->sequence > end.sequence) {
    return audit_fault{number + 1, "is missing: " + std::to_string(expected->sequence) + " lines were written"};
  }
  return end;
}

std::pair<audit_head, std::size_t> audit_end(std::string_view text) {
  const auto complete = text.rfind('\n');
  if (complete == std::string_view::npos) return {audit_head{}, 0};
  const std::string_view lines = text.substr(0, complete + 1);
  const auto before = lines.substr(0, complete).rfind('\n');
  const std::string_view last = before == std::string_view::npos ? lines : lines.substr(before + 1);
  const auto place = place_of(last);
  if (!place) return {audit_head{}, lines.size()};
  return {audit_head{place->sequence, std::string{place->hash}}, lines.size()};
}

result<void> audit_log::append_whole(std::string_view text) {
  if (torn_) {
    if (auto mended = mend_(); !mended) return mended.error();
  }
  auto written = append_(text);
  torn_ = !written;
  return written;
}

result<audit_head> audit_log::record(const audit_entry& entry) {
  const std::lock_guard lock{mutex_};
  audit_line line = make_audit_line(entry, time_.now(), end_);
  auto written = append_whole(line.text);
  if (!written) written = append_whole(line.text);
  if (!written) return written.error();
  end_ = std::move(line.head);
  if (told_) told_(end_);
  return end_;
}

}  // namespace stellwerk::events
