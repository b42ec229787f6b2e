#include "gateway/ingress/control_headers.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace stellwerk::ingress {
namespace {

constexpr std::string_view prefix = "X-Stellwerk-";

// Control characters would travel into logs, metrics and vendors' requests.
bool is_plain_text(std::string_view text) {
  return is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           const auto octet = static_cast<unsigned char>(c);
           return octet < 0x20 || octet == 0x7f;
         });
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

std::optional<duration> parse_duration(std::string_view text) {
  struct unit {
    std::string_view suffix;
    std::uint64_t milliseconds;
  };
  constexpr std::array<unit, 5> units{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  for (const unit& one : units) {
    if (!text.ends_with(one.suffix)) continue;
    const auto number = parse_decimal(text.substr(0, text.size() - one.suffix.size()));
    if (!number) continue;
    constexpr std::uint64_t milliseconds_max = 1'000'000'000'000;
    if (*number > milliseconds_max / one.milliseconds) return std::nullopt;
    return duration{static_cast<duration::rep>(*number * one.milliseconds)};
  }
  return std::nullopt;
}

using reading = std::string_view;  // what is wrong, "" for nothing

reading read_stream(std::string_view text, control_values& into) {
  if (into.stream) return "stands twice";
  into.stream = mail::parse_traffic_stream(ascii_lower(text));
  return into.stream ? "" : "not transactional or marketing";
}

reading read_campaign(std::string_view text, control_values& into) {
  if (!into.campaign.empty()) return "stands twice";
  into.campaign = text;
  return text.empty() ? "empty" : fault_of_campaign(text);
}

reading read_tags(std::string_view text, control_values& into) {
  for (const std::string_view part : split(text, ',')) {
    const std::string_view tag = trim(part);
    if (const reading fault = fault_of_tag(tag); !fault.empty()) return fault;
    if (std::find(into.tags.begin(), into.tags.end(), tag) == into.tags.end()) into.tags.emplace_back(tag);
    if (into.tags.size() > tags_max) return "too many tags";
  }
  return "";
}

reading read_metadata(std::string_view text, control_values& into) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return "not key=value";
  const std::string_view key = trim(text.substr(0, equals));
  const std::string_view value = trim(text.substr(equals + 1));
  if (const reading fault = fault_of_metadata(key, value); !fault.empty()) return fault;
  if (!into.metadata.emplace(key, value).second) return "the same key stands twice";
  return into.metadata.size() > metadata_pairs_max ? "too many pairs" : "";
}

reading read_idempotency_key(std::string_view text, control_values& into) {
  if (!into.idempotency_key.empty()) return "stands twice";
  into.idempotency_key = text;
  return text.empty() ? "empty" : fault_of_idempotency_key(text);
}

reading read_send_at(std::string_view text, control_values& into) {
  if (into.send_at) return "stands twice";
  into.send_at = parse_rfc3339(text);
  return into.send_at ? "" : "not an RFC 3339 time";
}

reading read_lifetime(std::string_view text, control_values& into) {
  if (into.lifetime) return "stands twice";
  into.lifetime = parse_duration(text);
  return into.lifetime ? fault_of_lifetime(*into.lifetime) : "not a duration";
}

struct control_field {
  std::string_view name;  // behind the prefix
  reading (*read)(std::string_view text, control_values& into);
};
constexpr std::array<control_field, 7> control_fields{{{"Stream", read_stream},
                                                       {"Campaign", read_campaign},
                                                       {"Tags", read_tags},
                                                       {"Metadata", read_metadata},
                                                       {"Idempotency-Key", read_idempotency_key},
                                                       {"Send-At", read_send_at},
                                                       {"Lifetime", read_lifetime}}};

}  // namespace

std::string_view fault_of_idempotency_key(std::string_view key) {
  if (key.size() > idempotency_key_octets_max) return "longer than 255 characters";
  return is_printable_ascii(key) ? "" : "not printable ASCII";
}

std::string_view fault_of_campaign(std::string_view campaign) {
  if (campaign.size() > campaign_octets_max) return "longer than 255 octets";
  return is_plain_text(campaign) ? "" : "holds control characters or is not UTF-8";
}

std::string_view fault_of_tag(std::string_view tag) {
  if (tag.empty()) return "an empty tag";
  if (tag.size() > tag_octets_max) return "a tag longer than 128 octets";
  return is_plain_text(tag) ? "" : "holds control characters or is not UTF-8";
}

std::string_view fault_of_metadata(std::string_view key, std::string_view value) {
  if (key.empty()) return "an empty key";
  if (key.size() > metadata_key_octets_max) return "a key longer than 64 characters";
  if (!std::all_of(key.begin(), key.end(), is_key_character)) return "a key of other characters than A-Z a-z 0-9 _ - .";
  if (value.size() > metadata_value_octets_max) return "a value longer than 1024 octets";
  return is_plain_text(value) ? "" : "holds control characters or is not UTF-8";
}

std::string_view fault_of_send_at(time_point send_at, time_point now) {
  return send_at - now > send_at_ahead_max ? "more than 30 days ahead" : "";
}

std::string_view fault_of_lifetime(duration lifetime) {
  if (lifetime <= duration{0}) return "not positive";
  return lifetime > lifetime_max ? "longer than 30 days" : "";
}

std::variant<control_values, control_fault> read_control_headers(const mail::header_section& header, time_point now) {
  control_values values;
  for (const mail::header_field& field : header.fields()) {
    if (!istarts_with(field.name, prefix)) continue;
    for (const control_field& known : control_fields) {
      if (!iequals(field.name.substr(prefix.size()), known.name)) continue;
      const std::string text = mail::unfold(field.value);
      if (const reading fault = known.read(text, values); !fault.empty())
        return control_fault{std::string{prefix} + std::string{known.name}, std::string{fault}};
    }
  }
  if (values.send_at) {
    if (const reading fault = fault_of_send_at(*values.send_at, now); !fault.empty())
      return control_fault{"X-Stellwerk-Send-At", std::string{fault}};
  }
  return values;
}

}  // namespace stellwerk::ingress
