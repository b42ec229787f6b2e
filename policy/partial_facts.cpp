#include "policy/partial_facts.hpp"

#include "policy/expression/containers.hpp"
#include "policy/fact_schema.hpp"

namespace stellwerk::policy {
namespace {

using expression::evaluation_memory;
using expression::value;

value labels_of(const destination_traits& candidate, evaluation_memory& memory) {
  const auto entries = memory.make_array<expression::map_entry>(candidate.labels.size());
  std::size_t i = 0;
  for (const auto& [key, label] : candidate.labels) entries[i++] = {value::string(key), value::string(label)};
  return value::map(*memory.make<expression::value_map>(entries));
}

}  // namespace

value partial_facts::unknown(evaluation_memory& memory) const {
  asked_unknown_ = true;
  return value::error(*memory.make<expression::evaluation_fault>(expression::evaluation_fault{"unknown"}));
}

value partial_facts::known_or_not(const std::string& text, evaluation_memory& memory) const {
  return text.empty() ? unknown(memory) : value::string(text);
}

value partial_facts::variable(std::uint16_t slot, evaluation_memory& memory) const {
  switch (static_cast<fact_slot>(slot)) {
    case fact_slot::stream: return known_or_not(about_.stream, memory);
    case fact_slot::ingress: return known_or_not(about_.ingress, memory);
    case fact_slot::client: return known_or_not(about_.client, memory);
    case fact_slot::tenant: return known_or_not(about_.tenant, memory);
    case fact_slot::name: return candidate_ != nullptr ? value::string(candidate_->name) : unknown(memory);
    case fact_slot::zone: return candidate_ != nullptr ? value::string(candidate_->zone) : unknown(memory);
    case fact_slot::adapter: return candidate_ != nullptr ? value::string(candidate_->adapter) : unknown(memory);
    case fact_slot::labels: return candidate_ != nullptr ? labels_of(*candidate_, memory) : unknown(memory);
    default: return unknown(memory);
  }
}

value partial_facts::call(std::uint16_t /*function*/, std::span<const value> /*arguments*/,
                          evaluation_memory& memory) const {
  return unknown(memory);
}

}  // namespace stellwerk::policy
