#include "gateway/rehearsal/recorded_fact.hpp"

#include <boost/json.hpp>

namespace stellwerk::rehearsal {
namespace {

namespace json = boost::json;
using mail::content_bit;

constexpr std::array all_bits{content_bit::noted,
                              content_bit::utf8_header,
                              content_bit::eight_bit,
                              content_bit::smime,
                              content_bit::pgp,
                              content_bit::dkim_signature,
                              content_bit::calendar,
                              content_bit::message_id,
                              content_bit::one_click,
                              content_bit::repeated_field,
                              content_bit::broken_structure,
                              content_bit::header_names_recipients};

std::string domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string{address} : std::string{address.substr(at)};
}

void put(json::object& out, std::string_view key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

// Fields of an object that may be missing; anything of another kind makes the whole line unreadable.
class field_reader {
 public:
  explicit field_reader(const json::object& from) : from_{from} {}
  [[nodiscard]] bool ok() const { return ok_; }

  [[nodiscard]] std::string text(std::string_view key) {
    const json::value* value = from_.if_contains(key);
    if (value == nullptr) return "";
    if (!value->is_string()) return fail(), "";
    return std::string{value->get_string()};
  }
  [[nodiscard]] std::uint64_t number(std::string_view key, std::uint64_t absent) {
    const json::value* value = from_.if_contains(key);
    if (value == nullptr) return absent;
    if (!value->is_int64() || value->get_int64() < 0) return fail(), absent;
    return static_cast<std::uint64_t>(value->get_int64());
  }
  [[nodiscard]] bool yes(std::string_view key) {
    const json::value* value = from_.if_contains(key);
    if (value == nullptr) return false;
    if (!value->is_bool()) return fail(), false;
    return value->get_bool();
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> out;
    const json::value* value = from_.if_contains(key);
    if (value == nullptr) return out;
    if (!value->is_array()) return fail(), out;
    for (const json::value& one : value->get_array()) {
      if (!one.is_string()) return fail(), out;
      out.emplace_back(one.get_string());
    }
    return out;
  }
  [[nodiscard]] std::map<std::string, std::string> pairs(std::string_view key) {
    std::map<std::string, std::string> out;
    const json::value* value = from_.if_contains(key);
    if (value == nullptr) return out;
    if (!value->is_object()) return fail(), out;
    for (const auto& [name, one] : value->get_object()) {
      if (!one.is_string()) return fail(), out;
      out.emplace(std::string{name}, std::string{one.get_string()});
    }
    return out;
  }
  template <class E, class Names>
  [[nodiscard]] E choice(std::string_view key, const Names& all, E absent) {
    const std::string word = text(key);
    if (word.empty()) return absent;
    for (const E one : all) {
      if (to_string(one) == word) return one;
    }
    return fail(), absent;
  }
  void fail() { ok_ = false; }

 private:
  const json::object& from_;
  bool ok_ = true;
};

std::uint32_t bits_of(const std::vector<std::string>& words) {
  std::uint32_t bits = 0;
  for (const content_bit one : all_bits) {
    if (std::find(words.begin(), words.end(), to_string(one)) != words.end()) bits |= static_cast<std::uint32_t>(one);
  }
  return bits;
}

}  // namespace

recorded_fact record_of(const spool::message_row& message, const spool::recipient_row& recipient) {
  recorded_fact out;
  out.at = message.accepted;
  out.stream = message.stream;
  out.ingress = message.ingress;
  out.client = message.client;
  out.tenant = message.tenant;
  out.listener = message.listener;
  out.reverse_path = domain_of(message.reverse_path);
  out.recipient = domain_of(recipient.address);
  out.campaign = message.campaign;
  out.template_name = message.template_name;
  out.tags = message.tags;
  out.metadata = message.metadata;
  out.size = message.size;
  out.recipients = message.recipients;
  out.is_notice = message.is_notice;
  out.bound_by = message.bound_by;
  out.note = message.note;
  out.state = to_string(recipient.state);
  if (!recipient.attempts.empty()) {
    out.route = recipient.attempts.back().route;
    out.destination = recipient.attempts.back().destination;
  }
  return out;
}

std::string to_json_line(const recorded_fact& fact) {
  json::object out;
  out["at"] = to_rfc3339(fact.at);
  out["stream"] = to_string(fact.stream);
  out["ingress"] = to_string(fact.ingress);
  put(out, "client", fact.client);
  put(out, "tenant", fact.tenant);
  put(out, "listener", fact.listener);
  put(out, "reverse_path", fact.reverse_path);
  if (!fact.note.header_from_domain.empty()) out["header_from"] = "@" + fact.note.header_from_domain;
  put(out, "recipient", fact.recipient);
  put(out, "campaign", fact.campaign);
  put(out, "template", fact.template_name);
  if (!fact.tags.empty()) out["tags"] = json::array(fact.tags.begin(), fact.tags.end());
  if (!fact.metadata.empty()) {
    json::object& pairs = out["metadata"].emplace_object();
    for (const auto& [key, value] : fact.metadata) pairs[key] = value;
  }
  out["size"] = fact.size;
  out["recipients"] = fact.recipients;
  if (fact.is_notice) out["notice"] = true;
  if (!fact.bound_by.empty()) out["bound_by"] = json::array(fact.bound_by.begin(), fact.bound_by.end());
  json::array& content = out["content"].emplace_array();
  for (const content_bit one : all_bits) {
    if (has(fact.note, one)) content.emplace_back(to_string(one));
  }
  if (fact.note.attachments_bytes > 0) out["attachments_bytes"] = fact.note.attachments_bytes;
  put(out, "state", fact.state);
  put(out, "route", fact.route);
  put(out, "destination", fact.destination);
  return json::serialize(out);
}

std::optional<recorded_fact> parse_recorded_fact(std::string_view line) {
  boost::system::error_code failure;
  unsigned char first[4096];
  json::monotonic_resource memory{first, sizeof first};
  const json::value parsed = json::parse(line, failure, &memory);
  if (failure || !parsed.is_object()) return std::nullopt;
  field_reader in{parsed.get_object()};
  recorded_fact out;
  const auto at = parse_rfc3339(in.text("at"));
  if (!at) return std::nullopt;
  out.at = *at;
  out.stream = in.choice("stream", mail::all_traffic_streams, mail::traffic_stream::transactional);
  out.ingress =
      in.choice("ingress", std::array{mail::ingress_kind::smtp, mail::ingress_kind::grpc}, mail::ingress_kind::smtp);
  out.client = in.text("client");
  out.tenant = in.text("tenant");
  out.listener = in.text("listener");
  out.reverse_path = in.text("reverse_path");
  out.note.header_from_domain = in.text("header_from");
  if (out.note.header_from_domain.starts_with('@')) out.note.header_from_domain.erase(0, 1);
  out.recipient = in.text("recipient");
  out.campaign = in.text("campaign");
  out.template_name = in.text("template");
  out.tags = in.texts("tags");
  out.metadata = in.pairs("metadata");
  out.size = in.number("size", 0);
  out.recipients = static_cast<std::uint32_t>(std::min<std::uint64_t>(in.number("recipients", 1), 1'000'000));
  out.is_notice = in.yes("notice");
  out.bound_by = in.texts("bound_by");
  out.note.bits = bits_of(in.texts("content"));
  out.note.attachments_bytes = in.number("attachments_bytes", 0);
  out.state = in.text("state");
  out.route = in.text("route");
  out.destination = in.text("destination");
  if (!in.ok()) return std::nullopt;
  return out;
}

}  // namespace stellwerk::rehearsal
