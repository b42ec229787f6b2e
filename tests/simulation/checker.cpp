// The checker: section by section what the documents promise, against what the sinks took and the store says.
#include <algorithm>

#include "gateway/events/ledger_event.hpp"
#include "tests/simulation/world_state.hpp"

namespace stellwerk::simulation {
namespace {

using mail::recipient_state;

// Never called "not sent" what a sink has; never called delivered what no sink took.
void check_classification(truth& told, const pair_key& pair, const pair_record& record) {
  using mail::attempt_outcome;
  for (const attempt_part& part : record.attempts) {
    if (!part.classified) continue;
    const bool may_have_it =
        *part.classified == attempt_outcome::delivered || *part.classified == attempt_outcome::unknown;
    if (part.taken && !may_have_it) {
      told.violation(part.destination + " has it, the gateway says " + std::string{to_string(*part.classified)} + ": " +
                     pair.text());
    }
    if (!part.taken && *part.classified == attempt_outcome::delivered)
      told.violation("called delivered, nobody has it: " + pair.text());
  }
}

void check_copies(truth& told, const pair_key& pair, const pair_record& record) {
  if (record.taken.empty()) return;
  const auto ambiguous =
      static_cast<std::size_t>(std::count_if(record.attempts.begin(), record.attempts.end(),
                                             [](const attempt_part& part) { return part.taken && part.ambiguous(); }));
  if (record.taken.size() - 1 > ambiguous) told.violation("a copy without an ambiguous attempt: " + pair.text());
  const bool elsewhere = std::any_of(record.taken.begin(), record.taken.end(),
                                     [&](const acceptance& one) { return one.sink != record.taken.front().sink; });
  if (elsewhere && !told.copies_allowed) told.violation("two sinks have it: " + pair.text());
}

// The one final state, and whether it is true.
void check_fate(truth& told, const pair_key& pair, const pair_record& record, const spool::recipient_row& row) {
  const bool ambiguous = std::any_of(record.attempts.begin(), record.attempts.end(),
                                     [](const attempt_part& part) { return part.ambiguous(); });
  switch (row.state) {
    case recipient_state::delivered:
      if (record.taken.empty()) told.violation("delivered, and nobody has it: " + pair.text());
      break;
    case recipient_state::bounced:
      if (!record.refused_for_good && !record.operator_bounced)
        told.violation("bounced, and nobody refused it: " + pair.text());
      [[fallthrough]];
    case recipient_state::expired:
    case recipient_state::cancelled:
    case recipient_state::dead_lettered:
      if (!record.taken.empty() && !ambiguous) told.violation("failed, and somebody has it: " + pair.text());
      break;
    default:
      if (told.damaged && !told.restored.contains({row.key.message, row.key.index})) break;
      told.violation("not final, or in no state that fits: " + pair.text() + " " + std::string{to_string(row.state)});
  }
}

void check_notice(truth& told, const pair_key& pair, const pair_record& record) {
  const message_record* sent = told.message(pair.token);
  if (sent == nullptr || sent->reverse_path.empty() || !record.final_written) return;
  const recipient_state end = *record.final_written;
  const bool failed =
      end == recipient_state::bounced || end == recipient_state::expired || end == recipient_state::dead_lettered;
  if (!failed) return;
  if (!told.told_of(pair)) told.violation("failed, and its sender was not told: " + pair.text());
}

// Each final recipient was told of once in the ledger, whose numbers rise, and each attempt, also one that a crash cut
// off.
void check_ledger(truth& told, spool::store& store) {
  const auto rows = store.read_ledger(0, "", 1'000'000);
  if (!rows) return told.violation("the ledger cannot be read: " + rows.error().message());
  std::map<std::pair<queue_id, std::string>, int> dispositions;
  std::set<std::pair<std::string, std::string>> attempts;  // id and recipient
  std::uint64_t last = 0;
  for (const spool::ledger_row& row : *rows) {
    if (row.sequence <= last) told.violation("the ledger's numbers do not rise");
    last = row.sequence;
    const auto event = events::decode(row.payload);
    if (!event) {
      told.violation("a ledger line that cannot be read");
      continue;
    }
    attempts.emplace(event->attempt_id, event->recipient);
    if (event->kind == events::event_kind::disposition) ++dispositions[{event->message, event->recipient}];
  }
  for (const auto& [row, pair] : told.rows()) {
    const auto stored = store.load_recipient({row.first, row.second});
    if (!stored || !is_final(stored->state)) continue;
    if (dispositions[{row.first, pair.address}] != 1)
      told.violation("not exactly one disposition in the ledger: " + pair.text());
    for (const attempt_part& part : told.pairs().at(pair).attempts) {
      if (!attempts.contains({part.attempt_id, pair.address}))
        told.violation("an attempt that the ledger does not know: " + pair.text());
    }
  }
}

}  // namespace

void check_promises(truth& told, spool::store& store) {
  std::set<pair_key> in_store;
  for (const auto& [row, pair] : told.rows()) {
    const auto stored = store.load_recipient({row.first, row.second});
    if (!stored) continue;
    in_store.insert(pair);
    check_fate(told, pair, told.pairs().at(pair), *stored);
  }
  for (const auto& [pair, record] : told.pairs()) {
    if (record.promised == promise::acknowledged && !in_store.contains(pair)) told.violation("lost: " + pair.text());
    if (record.promised == promise::refused && !record.taken.empty())
      told.violation("refused, and delivered: " + pair.text());
    if (record.promised == promise::none && !record.taken.empty() && !told.notices().contains(pair.token)) {
      told.violation("nobody sent this: " + pair.text());
    }
    check_classification(told, pair, record);
    check_copies(told, pair, record);
    check_notice(told, pair, record);
  }
  check_ledger(told, store);
}

void count_up(const truth& told, run_result& result) {
  for (const auto& [pair, record] : told.pairs()) {
    result.acknowledged += record.promised == promise::acknowledged ? 1 : 0;
    result.attempts += record.attempts.size();
    for (const attempt_part& part : record.attempts) result.ambiguous += part.ambiguous() ? 1 : 0;
    result.copies += record.taken.size() > 1 ? record.taken.size() - 1 : 0;
  }
  result.notices = told.notices().size();
}

}  // namespace stellwerk::simulation
