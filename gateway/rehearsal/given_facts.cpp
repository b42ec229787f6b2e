#include "gateway/rehearsal/given_facts.hpp"

#include <functional>

#include "gateway/config/decoder.hpp"

namespace stellwerk::rehearsal {
namespace {

using config::yaml_node;

constexpr std::uint64_t recipients_max = 100'000;

// Reads one value; false: it is not what is expected.
using reader = std::function<bool(const yaml_node& value, given_facts& out)>;

reader text(std::string given_facts::*field) {
  return [field](const yaml_node& value, given_facts& out) {
    out.*field = value.text;
    return value.what == yaml_node::kind::scalar || value.what == yaml_node::kind::null;
  };
}

std::optional<std::uint64_t> count_of(const yaml_node& value) {
  const auto number = config::parse_number(value.text);
  if (!number || *number < 0 || *number > 1e15) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

bool read_stream(const yaml_node& value, given_facts& out) {
  for (const mail::traffic_stream one : mail::all_traffic_streams) {
    if (value.text == mail::to_string(one)) out.stream = one;
  }
  return out.stream.has_value();
}

bool read_ingress(const yaml_node& value, given_facts& out) {
  for (const mail::ingress_kind one : {mail::ingress_kind::smtp, mail::ingress_kind::grpc}) {
    if (value.text == mail::to_string(one)) out.ingress = one;
  }
  return out.ingress.has_value();
}

bool read_fields(const yaml_node& value, given_facts& out) {
  for (const auto& [name, given] : value.fields) {
    if (given.what == yaml_node::kind::list) {
      for (const yaml_node& one : given.items) out.fields.emplace_back(name, one.text);
    } else {
      out.fields.emplace_back(name, given.text);
    }
  }
  return value.what == yaml_node::kind::map;
}

bool read_tags(const yaml_node& value, given_facts& out) {
  for (const yaml_node& one : value.items) out.tags.push_back(one.text);
  return value.what == yaml_node::kind::list;
}

bool read_metadata(const yaml_node& value, given_facts& out) {
  for (const auto& [key, given] : value.fields) out.metadata[key] = given.text;
  return value.what == yaml_node::kind::map;
}

// "a@b" or {address} or {local, domain}.
bool read_recipient(const yaml_node& value, given_facts& out) {
  if (value.what == yaml_node::kind::scalar) {
    out.recipient = value.text;
    return true;
  }
  if (const yaml_node* address = value.find("address")) {
    out.recipient = address->text;
    return true;
  }
  const yaml_node* domain = value.find("domain");
  const yaml_node* local = value.find("local");
  if (domain == nullptr) return false;
  out.recipient = (local != nullptr ? local->text : "recipient") + "@" + domain->text;
  return true;
}

bool read_recipients(const yaml_node& value, given_facts& out) {
  const auto count = count_of(value);
  if (!count || *count == 0 || *count > recipients_max) return false;
  out.recipients = *count;
  return true;
}

bool read_size(const yaml_node& value, given_facts& out) {
  out.size = config::parse_size(value.text);
  return out.size.has_value();
}

bool read_attempt(const yaml_node& value, given_facts& out) {
  const auto count = count_of(value);
  if (!count || *count > 1000) return false;
  out.attempt = static_cast<std::uint32_t>(*count);
  return true;
}

bool read_age(const yaml_node& value, given_facts& out) {
  const auto age = config::parse_duration(value.text);
  out.age = age.value_or(duration{0});
  return age.has_value();
}

bool read_now(const yaml_node& value, given_facts& out) {
  out.now = parse_rfc3339(value.text);
  return out.now.has_value();
}

const std::map<std::string, reader>& readers() {
  static const std::map<std::string, reader> all{{"stream", read_stream},
                                                 {"client", text(&given_facts::client)},
                                                 {"tenant", text(&given_facts::tenant)},
                                                 {"ingress", read_ingress},
                                                 {"listener", text(&given_facts::listener)},
                                                 {"reverse_path", text(&given_facts::reverse_path)},
                                                 {"header_from", text(&given_facts::header_from)},
                                                 {"subject", text(&given_facts::subject)},
                                                 {"campaign", text(&given_facts::campaign)},
                                                 {"template", text(&given_facts::template_name)},
                                                 {"message_id", text(&given_facts::message_id)},
                                                 {"header", read_fields},
                                                 {"headers", read_fields},
                                                 {"tags", read_tags},
                                                 {"metadata", read_metadata},
                                                 {"size", read_size},
                                                 {"recipients", read_recipients},
                                                 {"recipient", read_recipient},
                                                 {"attempt", read_attempt},
                                                 {"age", read_age},
                                                 {"now", read_now}};
  return all;
}

}  // namespace

std::variant<given_facts, std::string> read_facts(const yaml_node& node) {
  if (node.what != yaml_node::kind::map) return std::string{"facts: a map is expected"};
  given_facts out;
  for (const auto& [key, value] : node.fields) {
    const auto known = readers().find(key);
    if (known == readers().end()) {
      std::vector<std::string> names;
      for (const auto& [name, read] : readers()) names.push_back(name);
      return "facts: unknown fact '" + key + "'" + config::nearest_hint(key, names);
    }
    if (!known->second(value, out)) return "facts." + key + ": not a value of this fact";
  }
  return out;
}

std::string content_of(const given_facts& facts) {
  std::string out =
      "From: " + (facts.header_from.empty() ? facts.reverse_path : facts.header_from) + "\r\nTo: " + facts.recipient;
  for (std::uint64_t i = 1; i < facts.recipients; ++i) out += ",\r\n recipient-" + std::to_string(i) + "@example.org";
  out += "\r\n";
  if (!facts.subject.empty()) out += "Subject: " + facts.subject + "\r\n";
  if (!facts.message_id.empty()) out += "Message-ID: <" + facts.message_id + ">\r\n";
  for (const auto& [name, value] : facts.fields) out += name + ": " + value + "\r\n";
  return out + "\r\n\r\n";
}

}  // namespace stellwerk::rehearsal
