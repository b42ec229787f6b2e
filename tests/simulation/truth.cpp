#include "tests/simulation/truth.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::simulation {

std::string token_of(std::string_view content) {
  const auto header = mail::header_section::parse(content);
  for (const char* name : {"X-Sim-Token", "Message-ID"}) {
    if (const auto value = header.first(name)) return mail::unfold(*value);
  }
  return "no-token";
}

// ---- clients ----

void truth::submitted(message_record what) {
  std::string token = what.token;
  messages_.insert_or_assign(std::move(token), std::move(what));
}

void truth::answered(const pair_key& pair, promise what, const std::string& queue_id) {
  pair_record& record = pairs_[pair];
  static constexpr const char* words[] = {"none", "acknowledged", "refused", "unknown"};
  story_.note("client " + pair.text() + " " + words[static_cast<int>(what)] + " " + queue_id);
  // An acknowledgement stays one; what was refused may be repeated with another answer.
  if (record.promised == promise::acknowledged) {
    if (what == promise::acknowledged && record.queue_id != queue_id)
      violation("two queue ids for " + pair.text() + ": " + record.queue_id + " and " + queue_id);
    return;
  }
  if (record.promised == promise::unknown && what == promise::refused) return;
  record.promised = what;
  if (what == promise::acknowledged) record.queue_id = queue_id;
}

const message_record* truth::message(const std::string& token) const {
  const auto known = messages_.find(token);
  return known == messages_.end() ? nullptr : &known->second;
}

// ---- sinks ----

bool truth::is_personal(const std::string& token) const {
  const message_record* sent = message(token);
  if (sent != nullptr) return sent->personal;
  const auto notice = notices_.find(token);
  return notice != notices_.end() && notice->second.personal;
}

void truth::taken(const pair_key& pair, const std::string& sink, bool in_home_zone, const std::string& attempt_id,
                  bool intact) {
  story_.note("sink " + sink + " took " + pair.text());
  pair_record& record = pairs_[pair];
  record.taken.push_back({sink, attempt_id});
  if (attempt_part* part = part_of(pair, attempt_id)) {
    if (part->taken) violation("one attempt was taken twice: " + pair.text());
    part->taken = true;
  } else {
    violation(sink + " took what no attempt carried: " + pair.text());
  }
  if (!intact) violation(sink + " took other content than was sent: " + pair.text());
  if (is_personal(pair.token) && !in_home_zone) violation("left its zone: " + pair.text() + " at " + sink);
}

void truth::refused_for_good(const pair_key& pair) { pairs_[pair].refused_for_good = true; }

std::vector<std::pair<pair_key, std::string>> truth::in_flight(const std::string& sink,
                                                               const std::string& address) const {
  std::vector<std::pair<pair_key, std::string>> found;
  for (const auto& [pair, record] : pairs_) {
    if (pair.address != address || record.attempts.empty()) continue;
    const attempt_part& last = record.attempts.back();
    if (last.destination == sink) found.emplace_back(pair, last.attempt_id);
  }
  return found;
}

// ---- the gateway's seams ----

void truth::stored(const pair_key& pair, const queue_id& id, std::uint32_t index) {
  rows_[{id, index}] = pair;
  pairs_[pair];
}

void truth::notice_stored(notice_record what) {
  story_.note("notice " + what.token + " to " + what.to);
  const message_record* cause = nullptr;
  for (const auto& [row, pair] : rows_) {
    if (row.first != what.cause) continue;
    cause = message(pair.token);
    break;
  }
  what.personal = cause != nullptr && cause->personal;
  if (cause == nullptr || cause->reverse_path.empty())
    violation("a notice about a message from the null path: " + what.token);
  if (cause != nullptr && what.to != cause->reverse_path) violation("a notice to a stranger: " + what.to);
  if (!notices_.emplace(what.token, what).second) return;
  for (const std::string& address : what.about) {
    if (!failures_told_.emplace(what.cause, address).second)
      violation("told twice that it failed: " + address + " of " + what.cause.to_string());
  }
}

bool truth::told_of(const pair_key& pair) const {
  return std::any_of(rows_.begin(), rows_.end(), [&](const auto& one) {
    return one.second == pair && failures_told_.contains({one.first.first, pair.address});
  });
}

attempt_part* truth::part_of(const pair_key& pair, const std::string& attempt_id) {
  const auto known = pairs_.find(pair);
  if (known == pairs_.end()) return nullptr;
  for (attempt_part& part : known->second.attempts) {
    if (part.attempt_id == attempt_id) return &part;
  }
  return nullptr;
}

const pair_key* truth::pair_of(const queue_id& id, std::uint32_t index) const {
  const auto known = rows_.find({id, index});
  return known == rows_.end() ? nullptr : &known->second;
}

void truth::attempt_started(const pair_key& pair, const std::string& attempt_id, const std::string& destination) {
  story_.note("attempt " + attempt_id + " at " + destination + " for " + pair.text());
  pair_record& record = pairs_[pair];
  if (!intents_.contains(attempt_id)) violation("an attempt without a durable intent: " + pair.text());
  check_start(pair, record, destination);
  std::set<std::string>& open = in_flight_[destination];
  open.insert(attempt_id);
  const auto most = connections_max.find(destination);
  if (most != connections_max.end() && open.size() > most->second)
    violation("more attempts than connections at " + destination);
  attempt_part part;
  part.attempt_id = attempt_id;
  part.destination = destination;
  record.attempts.push_back(std::move(part));
}

void truth::check_start(const pair_key& pair, const pair_record& record, const std::string& destination) {
  for (const attempt_part& before : record.attempts) {
    if (!before.ended && !before.lost) violation("two attempts at once for " + pair.text());
    if (before.ambiguous() && before.destination != destination && !copies_allowed) {
      violation("went to " + destination + " although " + before.destination + " may have it: " + pair.text());
    }
  }
  if (record.final_written) violation("an attempt after the final state: " + pair.text());
}

void truth::attempt_ended(const pair_key& pair, const std::string& attempt_id, mail::attempt_outcome outcome) {
  story_.note("outcome " + attempt_id + " " + std::string{to_string(outcome)} + " for " + pair.text());
  if (attempt_part* part = part_of(pair, attempt_id)) {
    part->ended = true;
    in_flight_[part->destination].erase(attempt_id);
    part->classified = outcome;
  }
}

void truth::outcome_written(const queue_id& id, std::uint32_t index, const std::string& attempt_id) {
  const pair_key* pair = pair_of(id, index);
  if (pair == nullptr) return;
  if (attempt_part* part = part_of(*pair, attempt_id)) part->durable = true;
}

void truth::went_on(const queue_id& id, std::uint32_t index, const std::string& from_attempt,
                    const std::string& destination) {
  const pair_key* pair = pair_of(id, index);
  if (pair == nullptr || !no_failover) return;
  const attempt_part* last = part_of(*pair, from_attempt);
  if (last == nullptr || last->destination == destination) return;
  // Another destination for what this one cannot carry is no failover.
  if (last->classified == mail::attempt_outcome::rejected_message) return;
  violation("went on at once without a budget: " + pair->text());
}

void truth::outcome_found(const pair_key& pair, const std::string& attempt_id, mail::attempt_outcome outcome) {
  attempt_part* part = part_of(pair, attempt_id);
  if (part == nullptr || part->classified != outcome) return;
  part->durable = true;
  part->lost = false;
}

void truth::final_written(const queue_id& id, std::uint32_t index, mail::recipient_state state) {
  const pair_key* pair = pair_of(id, index);
  if (pair == nullptr) return;
  story_.note("final " + pair->text() + " " + std::string{to_string(state)});
  pair_record& record = pairs_[*pair];
  if (record.final_written) violation("a second final state for " + pair->text());
  record.final_written = state;
}

void truth::operator_bounced(const queue_id& id) {
  for (const auto& [row, pair] : rows_) {
    if (row.first == id) pairs_[pair].operator_bounced = true;
  }
}

void truth::process_ended() {
  in_flight_.clear();
  for (auto& [pair, record] : pairs_) {
    for (attempt_part& part : record.attempts) part.lost = part.lost || !part.durable;
  }
}

void truth::violation(std::string what) {
  story_.note("VIOLATION " + what);
  violations_.push_back(std::move(what));
}

}  // namespace stellwerk::simulation
