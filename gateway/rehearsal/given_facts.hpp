// given_facts: a message told by its facts instead of its bytes (the names of contracts section 2), for a policy's
// tests. A fact that is not given has its type's zero value, or what the doors would make of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "gateway/config/yaml_tree.hpp"
#include "mail/submission.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::rehearsal {

struct given_facts {
  std::optional<mail::traffic_stream> stream;  // given: nothing is classified
  std::string client;
  std::string tenant;
  std::optional<mail::ingress_kind> ingress;
  std::string listener;
  std::string reverse_path;
  std::string header_from;
  std::string subject;
  std::string campaign;
  std::string template_name;
  std::string message_id;
  std::vector<std::pair<std::string, std::string>> fields;  // of `header` and `headers`
  std::vector<std::string> tags;
  std::map<std::string, std::string> metadata;
  std::optional<std::uint64_t> size;
  std::uint64_t recipients = 1;
  std::string recipient = "recipient@example.org";
  std::optional<std::uint32_t> attempt;
  duration age{0};
  std::optional<time_point> now;
};

// A map of names to values; a text that says what is wrong otherwise.
[[nodiscard]] std::variant<given_facts, std::string> read_facts(const config::yaml_node& node);
// A message whose header says the same.
[[nodiscard]] std::string content_of(const given_facts& facts);

}  // namespace stellwerk::rehearsal
