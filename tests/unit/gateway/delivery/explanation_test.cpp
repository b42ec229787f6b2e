// What is told of a decision is what was done: over random worlds, each real attempt is compared with the decision made
// last for each of its recipients, with what the spool keeps of it, and with what the same policy says when the stored
// facts and the live state of that moment are put before it again.
//
// STELLWERK_EXPLANATIONS says how many attempts are looked at (default 5,000).
#include <iostream>
#include <map>

#include "policy/explain.hpp"
#include "random_world.hpp"

namespace stellwerk::delivery {
namespace {

// Another policy, other destinations, other weather: rather than asking again and again what waits in this one.
constexpr std::size_t world_decisions_max = 10'000;

// The live state as a decision saw it, kept.
class kept_live_state final : public policy::live_state {
 public:
  explicit kept_live_state(const decision_made& what) {
    const auto destinations = what.rules.destinations();
    for (std::size_t i = 0; i < destinations.size(); ++i) {
      statuses_.push_back(what.live.destination(i, what.about.stream));
      pairs_.push_back(what.live.pair(i, what.about.mailbox_provider));
      senders_.push_back(what.live.sender_refused(i, what.about.message->header_from_domain));
      rooms_.emplace_back();
      for (std::size_t limit = 0; limit < what.rules.limits().size(); ++limit)
        rooms_.back().push_back(what.live.limit_has_room(limit, i));
    }
  }
  [[nodiscard]] policy::destination_status destination(std::size_t index, mail::traffic_stream) const override {
    return statuses_[index];
  }
  [[nodiscard]] policy::candidate_reason pair(std::size_t index, std::string_view) const override {
    return pairs_[index];
  }
  [[nodiscard]] bool sender_refused(std::size_t index, std::string_view) const override { return senders_[index]; }
  [[nodiscard]] bool limit_has_room(std::size_t limit_index, std::size_t destination) const override {
    return rooms_[destination][limit_index];
  }

 private:
  std::vector<policy::destination_status> statuses_;
  std::vector<policy::candidate_reason> pairs_;
  std::vector<bool> senders_;
  std::vector<std::vector<bool>> rooms_;
};

std::string explanation_of(const policy::policy& rules, const std::string& recipient, const policy::decision& made) {
  const std::vector<policy::explained_recipient> one{{recipient, made}};
  return policy::explain_json(rules, {"shop", "acme", {recipient}}, {}, one);
}

struct kept_decision {
  std::shared_ptr<const policy::policy> rules;
  spool::recipient_row row;
  policy::history past;
  time_point now;
  bool sole = true;
  kept_live_state live;
  policy::decision made;
};

class explanation : public random_world {
 protected:
  explanation() {
    on_decided = [this](const decision_made& what) {
      ++decisions_;
      kept_decision kept{
          dispatcher_->rules(),  what.row,     what.past, what.now, what.about.sole_attempt_of_all_recipients,
          kept_live_state{what}, what.decision};
      decided_.insert_or_assign(what.row.key, std::move(kept));
    };
  }

  void watch(const adapters::attempt& what) override {
    const auto rows = store_.load_recipients(what.message);
    ASSERT_TRUE(rows);
    const auto message = store_.load_message(what.message);
    ASSERT_TRUE(message);
    const auto read = make_delivery_message(message->message, message->content);
    ASSERT_TRUE(read) << read.error().message() << ", " << to_string(rows->front().state) << " " << rows->front().reason
                      << ", " << what.destination;
    std::size_t found = 0;
    for (const spool::recipient_row& row : *rows) {
      if (!row.intent || row.intent->attempt_id != what.attempt_id) continue;
      ++found;
      ++compared_;
      compare(what, **read, row);
    }
    EXPECT_EQ(found, what.recipients.size());
  }

  void compare(const adapters::attempt& what, const delivery_message& message, const spool::recipient_row& row) {
    const auto known = decided_.find(row.key);
    ASSERT_NE(known, decided_.end()) << "attempted without a decision";
    const kept_decision& kept = known->second;
    after_a_refusal_ += kept.past.refused_now.empty() ? 0 : 1;
    ASSERT_NE(kept.made.chosen(), nullptr) << "attempted against the decision";
    const std::string told = explanation_of(*kept.rules, row.address, kept.made);
    EXPECT_EQ(kept.rules->destinations()[kept.made.chosen()->destination].name, what.destination);
    EXPECT_NE(told.find("\"destination\": \"" + what.destination + "\", \"verdict\": \"chosen\""), std::string::npos)
        << told;
    // What is stored with the attempt.
    EXPECT_EQ(row.intent->destination, what.destination);
    EXPECT_EQ(row.intent->passed_over, policy::passed_over(*kept.rules, kept.made));
    EXPECT_EQ(row.intent->policy_version, kept.rules->version());
    EXPECT_NE(told.find("\"route\": \"" + row.intent->route + "\""), std::string::npos);
    for (const policy::refused_reservation& refused : kept.past.refused_now) {
      EXPECT_NE(refused.destination, what.destination);
    }
    // Asked again, with what was kept.
    policy::facts about = facts_of(message, kept.row, kept.now);
    about.sole_attempt_of_all_recipients = kept.sole;
    const policy::decision again = kept.rules->decide(about, kept.past, kept.live, kept.now);
    EXPECT_EQ(explanation_of(*kept.rules, row.address, again), told);
    decided_.erase(known);
  }

  std::map<spool::recipient_key, kept_decision> decided_;
  std::size_t decisions_ = 0;
  std::size_t compared_ = 0;
  std::size_t after_a_refusal_ = 0;
};

TEST_F(explanation, names_what_is_really_attempted_and_is_given_again_from_what_was_stored) {
  const std::size_t wanted = asked_for("STELLWERK_EXPLANATIONS", 5'000);
  std::size_t worlds = 0;
  while (compared_ < wanted && !HasFailure()) {
    ++worlds;
    decided_.clear();
    const std::size_t before = decisions_;
    one_world(
        std::chrono::minutes{15}, [](spool::accept_request&) {},
        [&] { return compared_ >= wanted || decisions_ - before >= world_decisions_max; });
  }
  EXPECT_GT(after_a_refusal_, compared_ / 10'000) << "refusals of the last moment were part of it";
  std::cout << decisions_ << " decisions, " << compared_ << " recipients attempted as explained, " << after_a_refusal_
            << " of them after a refusal at the last moment, in " << worlds << " worlds\n";
}

}  // namespace
}  // namespace stellwerk::delivery
