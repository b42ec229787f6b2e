#include "policy/invariant/invariant_filter.hpp"

#include <algorithm>
#include <array>

#include "mail/address_pattern.hpp"
#include "policy/fact_schema.hpp"

namespace stellwerk::policy {
namespace {

void filter(candidate& each, std::string_view invariant, std::string detail) {
  each.verdict = verdict::filtered;
  each.reason = candidate_reason::invariant;
  each.invariant = invariant;
  each.detail = std::move(detail);
}

bool is_filtered(const candidate& each) {
  return each.verdict == verdict::filtered && each.reason == candidate_reason::invariant;
}

// A destination that may send for some domains only: another From field would fail its alignment, or be refused there.
void filter_by_sender(const facts& about, std::span<const destination_traits> destinations,
                      std::vector<candidate>& candidates) {
  for (candidate& each : candidates) {
    const std::vector<std::string>& senders = destinations[each.destination].senders;
    if (is_filtered(each) || mail::address_allowed(senders, about.message->header_from)) continue;
    filter(each, sender_alignment_name, "header_from " + about.message->header_from_domain);
  }
}

// What a report has of its own and not from its message.
constexpr std::array own_facts{
    fact_slot::reverse_path, fact_slot::header_from,     fact_slot::subject, fact_slot::message_id,
    fact_slot::header,       fact_slot::headers,         fact_slot::size,    fact_slot::recipients,
    fact_slot::recipient,    fact_slot::mailbox_provider};
constexpr std::array candidate_facts{fact_slot::name, fact_slot::zone, fact_slot::adapter, fact_slot::labels};

// Some of the facts are unknown: an answer holds whatever they are, or is an error.
class half_known final : public expression::activation {
 public:
  half_known(const expression::activation& known, std::span<const fact_slot> hidden) : known_{known}, hidden_{hidden} {}
  [[nodiscard]] expression::value variable(std::uint16_t slot, expression::evaluation_memory& memory) const override {
    const bool is_hidden = std::find(hidden_.begin(), hidden_.end(), static_cast<fact_slot>(slot)) != hidden_.end();
    if (!is_hidden) return known_.variable(slot, memory);
    return expression::value::error(
        *memory.make<expression::evaluation_fault>(expression::evaluation_fault{"unknown"}));
  }
  [[nodiscard]] expression::value call(std::uint16_t function, std::span<const expression::value> arguments,
                                       expression::evaluation_memory& memory) const override {
    return known_.call(function, arguments, memory);
  }

 private:
  const expression::activation& known_;
  std::span<const fact_slot> hidden_;
};

// It chooses among destinations, and may say something else of a report than of its message.
bool reads_own_facts(const compiled_invariant& one) {
  return one.only && std::any_of(own_facts.begin(), own_facts.end(),
                                 [&](fact_slot slot) { return one.when->names(slot) || one.only->names(slot); });
}

// Whatever the destination: then nothing has to be kept from any.
bool allows_all(const compiled_invariant& one, const facts& about) {
  return one.only->ask_about(half_known{fact_activation{about}, candidate_facts}) == condition::answer::yes;
}

}  // namespace

std::vector<std::string> invariant_filter::binding(const facts& about) const {
  std::vector<std::string> names;
  for (const compiled_invariant& one : invariants_) {
    if (!reads_own_facts(one)) continue;
    const bool binds = is_inherited(one, about) ||
                       (one.when->ask(fact_activation{about}) != condition::answer::no && !allows_all(one, about));
    if (binds) names.push_back(one.name);
  }
  return names;
}

std::vector<std::string> invariant_filter::binding() const {
  std::vector<std::string> names;
  for (const compiled_invariant& one : invariants_) {
    if (reads_own_facts(one)) names.push_back(one.name);
  }
  return names;
}

bool invariant_filter::knows(const std::string& name) const {
  return std::any_of(invariants_.begin(), invariants_.end(), [&](const auto& one) { return one.name == name; });
}

// A name that is gone may be any of them by now: a reload that renames an invariant frees nothing.
bool invariant_filter::is_inherited(const compiled_invariant& one, const facts& about) const {
  const std::vector<std::string>* names = about.message->bound_by;
  if (names == nullptr) return false;
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    return name == one.name || (reads_own_facts(one) && !knows(name));
  });
}

void invariant_filter::apply(const facts& about, std::span<const destination_traits> destinations,
                             std::vector<candidate>& candidates) const {
  filter_by_sender(about, destinations, candidates);
  for (const compiled_invariant& one : invariants_) {
    if (!one.only && about.message->is_notice) continue;  // what list mail must carry is not asked of a report on it
    const bool inherited = is_inherited(one, about);
    const condition::answer matched = inherited ? condition::answer::yes : one.when->ask(fact_activation{about});
    if (matched == condition::answer::no) continue;
    const bool fits = about.message->features != nullptr && about.message->features->has_list_unsubscribe_one_click;
    for (candidate& each : candidates) {
      if (is_filtered(each)) continue;
      if (!one.only) {
        if (!fits) filter(each, one.name, std::string{one_click_requirement});
        continue;
      }
      const fact_activation asked{about, destinations[each.destination]};
      // What it asks of the message is not known of the report on it.
      const condition::answer allowed =
          inherited ? one.only->ask_about(half_known{asked, own_facts}) : one.only->ask(asked);
      if (allowed == condition::answer::yes) continue;
      const char* detail = allowed == condition::answer::error && inherited ? "only: unknown of its message"
                           : allowed == condition::answer::error            ? "only: evaluation error"
                           : matched == condition::answer::error            ? "when: evaluation error"
                                                                            : "";
      filter(each, one.name, detail);
    }
  }
}

}  // namespace stellwerk::policy
