// Residency under everything at once: random policies, outages, crashes, reloads, operators, and the notifications that
// come of it. Mail tagged `personal` is offered to destinations at home or to none, and attempted there or not at all;
// so is every report about it.
//
// STELLWERK_RESIDENCY_DECISIONS says how many decisions are made (default 100,000).
#include <algorithm>
#include <chrono>
#include <iostream>

#include "random_world.hpp"

namespace stellwerk::delivery {
namespace {

// The sender of personal mail: whoever mails him, mails a notification about it.
constexpr const char* personal_sender = "personal@shop.example";
// Another policy, other destinations, other weather: rather than asking again and again what waits in this one.
constexpr std::size_t world_decisions_max = 5'000;

class residency : public random_world {
 protected:
  residency() {
    config_.dsn_per_hour = 1'000'000;  // every report is to be seen
    on_decided = [this](const decision_made& what) { look_at(what); };
  }

  static bool has_tag(const std::vector<std::string>& tags) {
    return std::find(tags.begin(), tags.end(), "personal") != tags.end();
  }

  // The decision itself: nothing outside is a choice, or would be one if others were out.
  void look_at(const decision_made& what) {
    ++decisions_;
    const bool report = what.row.address == personal_sender;
    const bool tagged = has_tag(what.message.row().tags);
    // A report that lost its tags would pass by luck alone.
    if (report && !tagged) violation("a notification about personal mail without its tags");
    if (!tagged) return;
    ++personal_decisions_;
    report_decisions_ += report ? 1 : 0;
    for (const policy::candidate& one : what.decision.candidates) {
      if (one.verdict == policy::verdict::filtered) continue;
      if (what.rules.destinations()[one.destination].zone != "on_prem")
        violation(what.row.key.message.to_string() + " may go to " + what.rules.destinations()[one.destination].name);
    }
  }

  // What was really attempted, whatever was decided.
  void watch(const adapters::attempt& what) override {
    const bool tagged = has_tag(what.tags);
    const bool report = what.recipients.front().address == personal_sender;
    reports_ += report ? 1 : 0;
    personal_ += tagged ? 1 : 0;
    if ((tagged || report) && what.destination != "onprem" && what.destination != "backup")
      violation(what.attempt_id + " of personal mail at " + what.destination);
  }

  void violation(const std::string& what) {
    ++violations_;
    ADD_FAILURE() << what;
  }

  std::size_t decisions_ = 0;
  std::size_t personal_decisions_ = 0;
  std::size_t report_decisions_ = 0;
  std::size_t personal_ = 0;
  std::size_t reports_ = 0;
  std::size_t violations_ = 0;
};

TEST_F(residency, no_outage_crash_reload_or_operator_takes_personal_mail_or_its_reports_away) {
  const std::size_t wanted = asked_for("STELLWERK_RESIDENCY_DECISIONS", 100'000);
  const system_clock real;
  const steady_point began = real.steady();
  std::size_t worlds = 0;
  while (decisions_ < wanted && !HasFailure()) {
    ++worlds;
    const std::size_t before = decisions_;
    one_world(
        std::chrono::minutes{15},
        [&](spool::accept_request& request) {
          if (!chance(0.8)) return;
          request.message.tags = {"personal"};
          request.message.reverse_path = personal_sender;
        },
        [&] { return decisions_ >= std::min(wanted, before + world_decisions_max); });
  }
  EXPECT_EQ(violations_, 0U);
  EXPECT_GT(worlds, 1U);
  EXPECT_GT(crashes_, 0U);
  EXPECT_GT(reloads_, 0U);
  EXPECT_GT(personal_decisions_, decisions_ / 10);
  EXPECT_GT(personal_, attempts_ / 10);
  EXPECT_GT(reports_, 20U) << "notifications were part of it";
  RecordProperty("decisions", static_cast<int>(decisions_));
  std::cout << decisions_ << " decisions (" << personal_decisions_ << " about personal mail, " << report_decisions_
            << " about reports on it), " << attempts_ << " attempts (" << personal_ << ", " << reports_ << "), in "
            << worlds << " worlds with " << crashes_ << " crashes and " << reloads_ << " reloads: " << violations_
            << " violations, " << std::chrono::duration<double>(real.steady() - began).count() << " s\n";
}

}  // namespace
}  // namespace stellwerk::delivery
