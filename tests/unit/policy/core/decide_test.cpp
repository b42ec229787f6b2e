// What decide() answers: order, pins, history, live state, panic, and the reasons it gives.
#include <gtest/gtest.h>

#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;
using mail::attempt_outcome;

constexpr std::size_t onprem = 0;
constexpr std::size_t mailjet = 1;
constexpr std::size_t ses = 2;

class decide_test : public ::testing::Test {
 protected:
  route_config& three() {
    return sample_.route("all",
                         a_failover({to_destination("onprem"), to_destination("mailjet"), to_destination("ses")}));
  }
  route_config& two() {
    return sample_.route("all", a_failover({to_destination("onprem"), to_destination("mailjet")}));
  }
  const decision& decide() {
    if (!rules_) rules_ = sample_.compiled();
    facts about = message_.accepted(true).about();
    about.attempt = static_cast<std::uint32_t>(past_.attempts.size());
    about.age = age_;
    made_ = rules_->decide(about, past_, live_, sample_now + age_);
    return made_;
  }
  std::string said() {
    decide();
    return summary(*rules_, made_);
  }
  const candidate& at(std::size_t index) { return made_.candidates.at(index); }

  sample_policy sample_;
  sample_message message_;
  sample_live_state live_;
  history past_;
  duration age_{0};
  std::shared_ptr<const policy> rules_;
  decision made_;
};

TEST_F(decide_test, the_first_available_is_chosen_and_the_others_stand_by) {
  three();
  EXPECT_EQ(said(), "onprem");
  EXPECT_EQ(made_.action, action::deliver);
  EXPECT_EQ(made_.route, 0U);
  EXPECT_EQ(at(1).verdict, verdict::standby);
  EXPECT_EQ(at(2).verdict, verdict::standby);
  EXPECT_EQ(at(1).reason, candidate_reason::none);
}

TEST_F(decide_test, what_is_out_says_why_and_the_next_one_is_chosen) {
  three();
  for (const auto reason : {candidate_reason::ejected, candidate_reason::account_refused, candidate_reason::drained,
                            candidate_reason::suspended, candidate_reason::quota, candidate_reason::budget}) {
    live_.out(onprem, reason);
    EXPECT_EQ(said(), "mailjet");
    EXPECT_EQ(at(0).verdict, verdict::unavailable);
    EXPECT_EQ(at(0).reason, reason);
  }
}

TEST_F(decide_test, nothing_available_waits) {
  two();
  live_.out(onprem, candidate_reason::ejected).out(mailjet, candidate_reason::drained);
  EXPECT_EQ(said(), "wait:no_destination_available");
}

TEST_F(decide_test, the_first_matching_route_decides) {
  sample_.route("never", to_destination("ses"), "false");
  sample_.route("tagged", to_destination("mailjet"), "\"otp\" in tags");
  sample_.route("rest", to_destination("onprem"));
  EXPECT_EQ(said(), "onprem");
  EXPECT_EQ(made_.route, 2U);
  message_.tag("otp");
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(made_.route, 1U);
}

TEST_F(decide_test, no_route_holds) {
  sample_.route("tagged", to_destination("mailjet"), "\"otp\" in tags");
  EXPECT_EQ(said(), "hold:no_route");
  EXPECT_EQ(made_.route, std::numeric_limits<std::size_t>::max());
  EXPECT_TRUE(made_.candidates.empty());
}

TEST_F(decide_test, a_route_whose_condition_fails_does_not_match_and_is_counted) {
  sample_.route("broken", to_destination("mailjet"), "headers[\"x-absent\"][0] == \"a\"");
  sample_.route("rest", to_destination("onprem"));
  EXPECT_EQ(said(), "onprem");
  const auto errors = rules_->take_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].first, "policy.routes[0].when");
  EXPECT_EQ(errors[0].second, 1U);
  EXPECT_TRUE(rules_->take_errors().empty());
}

TEST_F(decide_test, a_condition_sees_live_state_attempts_and_age) {
  sample_.route("by-state", to_destination("mailjet"),
                "!available(\"onprem\") && backlog(\"onprem\") > 5 && spent(\"mailjet\") < 10.0");
  sample_.route("late", to_destination("ses"), "attempt >= 1 && age > duration(\"60s\")");
  sample_.route("rest", to_destination("onprem"));
  EXPECT_EQ(said(), "onprem");
  live_.out(onprem, candidate_reason::ejected);
  live_.destinations[onprem].backlog = 6;
  EXPECT_EQ(said(), "mailjet");
  live_ = {};
  past_.attempts = {an_attempt("onprem", attempt_outcome::deferred_destination)};
  age_ = 61s;
  EXPECT_EQ(said(), "ses");
}

TEST_F(decide_test, invariants_filter_whatever_is_available) {
  three();
  sample_.invariant("home", "\"personal\" in tags", "zone == \"on_prem\"");
  message_.tag("personal");
  live_.out(onprem, candidate_reason::ejected);
  EXPECT_EQ(said(), "wait:no_destination_available");
  EXPECT_EQ(at(1).verdict, verdict::filtered);
  EXPECT_EQ(at(1).reason, candidate_reason::invariant);
  EXPECT_EQ(at(1).invariant, "home");
}

TEST_F(decide_test, nothing_left_after_invariants_is_held_by_their_name) {
  sample_.route("all", a_failover({to_destination("mailjet"), to_destination("ses")}));
  sample_.invariant("home", "\"personal\" in tags", "zone == \"on_prem\"");
  message_.tag("personal");
  EXPECT_EQ(said(), "hold:invariant:home");
}

TEST_F(decide_test, an_invariant_reads_labels_and_the_recipient) {
  sample_.destination(mailjet).labels["dpa"] = "signed";
  sample_.route("all", a_failover({to_destination("ses"), to_destination("mailjet")}));
  sample_.invariant("dpa", "recipient.domain == \"example.org\"", "labels[\"dpa\"] == \"signed\"");
  EXPECT_EQ(said(), "mailjet");
}

TEST_F(decide_test, an_invariant_that_cannot_be_evaluated_applies) {
  three();
  sample_.invariant("broken-when", "headers[\"x-absent\"][0] == \"a\"", "zone == \"on_prem\"");
  EXPECT_EQ(said(), "onprem");
  EXPECT_EQ(at(1).reason, candidate_reason::invariant);
  EXPECT_EQ(at(1).detail, "when: evaluation error");
}

TEST_F(decide_test, a_candidate_whose_only_cannot_be_evaluated_is_filtered) {
  three();
  sample_.invariant("broken-only", "", "headers[\"x-absent\"][0] == zone");
  EXPECT_EQ(said(), "hold:invariant:broken-only");
  EXPECT_EQ(at(0).detail, "only: evaluation error");
  EXPECT_EQ(rules_->take_errors().at(0).first, "policy.invariants[0].only");
}

TEST_F(decide_test, capabilities_filter_and_hold) {
  sample_.route("all", to_destination("mailjet"));
  message_.reverse_path("");
  EXPECT_EQ(said(), "hold:capability:null_reverse_path");
  EXPECT_EQ(at(0).reason, candidate_reason::capability);
}

TEST_F(decide_test, the_relay_is_chosen_where_the_api_cannot) {
  sample_.destination(mailjet).relay_capabilities = mail::capabilities{};
  sample_.route("all", to_destination("mailjet"));
  message_.header_to("list@example.org");
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).way, way::relay);
}

TEST_F(decide_test, a_pinned_recipient_stays_also_when_its_destination_is_out) {
  three();
  past_.attempts = {an_attempt("mailjet", attempt_outcome::unknown)};
  past_.pinned_destination = "mailjet";
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).reason, candidate_reason::pinned_elsewhere);
  EXPECT_EQ(at(0).verdict, verdict::unavailable);
  live_.out(mailjet, candidate_reason::ejected);
  EXPECT_EQ(said(), "wait:no_destination_available");
}

TEST_F(decide_test, a_pin_outlives_the_route_but_not_an_invariant) {
  sample_.route("all", to_destination("onprem"));
  sample_.invariant("eu-only", "\"eu\" in tags", "zone != \"us\"");
  past_.pinned_destination = "ses";
  EXPECT_EQ(said(), "ses");
  EXPECT_EQ(made_.candidates.size(), 2U);
  message_.tag("eu");
  EXPECT_EQ(said(), "hold:invariant:eu-only");
}

TEST_F(decide_test, a_pin_to_an_unknown_destination_waits) {
  two();
  past_.pinned_destination = "gone";
  EXPECT_EQ(said(), "wait:no_destination_available");
}

TEST_F(decide_test, a_pin_outranks_a_weight_of_zero) {
  sample_.route("all", a_split({{"mailjet", 0}, {"ses", 1}}));
  past_.pinned_destination = "mailjet";
  EXPECT_EQ(said(), "mailjet");
}

TEST_F(decide_test, a_removed_destination_is_never_chosen) {
  two();
  sample_.destination(ses).removed = true;
  past_.pinned_destination = "ses";
  EXPECT_EQ(said(), "wait:no_destination_available");
}

TEST_F(decide_test, a_rejected_message_goes_elsewhere_only_where_the_refused_point_differs) {
  sample_.destination(onprem).capabilities.size_max = 20'000'000;
  three();
  past_.attempts = {an_attempt("onprem", attempt_outcome::rejected_message)};
  EXPECT_EQ(said(), "hold:already_rejected");
  EXPECT_EQ(at(0).reason, candidate_reason::already_rejected);
  EXPECT_EQ(at(1).reason, candidate_reason::already_rejected);
  past_.attempts[0].refused_point = "size";
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).verdict, verdict::filtered);
}

TEST_F(decide_test, what_was_tried_in_this_walk_is_not_offered_again) {
  three();
  past_.attempts = {an_attempt("onprem", attempt_outcome::deferred_destination)};
  past_.tried_now = {"onprem"};
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).reason, candidate_reason::ejected);
  past_.tried_now.clear();
  EXPECT_EQ(said(), "onprem") << "a later walk starts over";
}

TEST_F(decide_test, what_was_refused_when_it_was_to_be_reserved_is_told_and_does_what_its_kind_does) {
  using part = refused_reservation::part;
  route_config& route = two();
  route.spill_after = 30s;
  const auto refused = [&](candidate_reason reason, part of) {
    past_.refused_now = {{"onprem", reason, of}};
    return said();
  };
  EXPECT_EQ(refused(candidate_reason::quota, part::allowance), "mailjet");
  EXPECT_EQ(at(0).verdict, verdict::unavailable);
  EXPECT_EQ(at(0).reason, candidate_reason::quota);
  EXPECT_EQ(at(0).detail, "at_reservation");
  EXPECT_EQ(refused(candidate_reason::ejected, part::destination), "mailjet");
  EXPECT_EQ(refused(candidate_reason::sender_refused, part::sender), "mailjet");
  EXPECT_EQ(refused(candidate_reason::ejected, part::mailbox_provider), "wait:no_destination_available")
      << "on_deferral: wait";
  // No connection free: it waits there rather than flooding the next one, until `spill_after`.
  EXPECT_EQ(refused(candidate_reason::limit, part::destination), "wait:no_destination_available");
  EXPECT_EQ(at(0).reason, candidate_reason::limit);
  age_ = 31s;
  EXPECT_EQ(refused(candidate_reason::limit, part::destination), "mailjet");
  // A sender's probe that is under way is no reason for a person to look.
  past_.refused_now = {{"onprem", candidate_reason::sender_refused, part::sender},
                       {"mailjet", candidate_reason::sender_refused, part::sender}};
  EXPECT_EQ(said(), "wait:no_destination_available");
}

TEST_F(decide_test, each_outcome_of_this_walk_has_its_reason) {
  two();
  const std::vector<std::pair<attempt_outcome, candidate_reason>> rows{
      {attempt_outcome::deferred_destination, candidate_reason::ejected},
      {attempt_outcome::unknown, candidate_reason::ejected},
      {attempt_outcome::refused_account, candidate_reason::account_refused},
      {attempt_outcome::refused_sender, candidate_reason::sender_refused},
      {attempt_outcome::throttled, candidate_reason::throttled},
      {attempt_outcome::adapter_fault, candidate_reason::already_rejected}};
  for (const auto& [outcome, reason] : rows) {
    past_.attempts = {an_attempt("onprem", outcome)};
    past_.tried_now = {"onprem"};
    EXPECT_EQ(said(), "mailjet") << mail::to_string(outcome);
    EXPECT_EQ(at(0).reason, reason) << mail::to_string(outcome);
  }
}

TEST_F(decide_test, a_refusal_by_policy_is_confirmed_where_it_was_given) {
  two();
  past_.attempts = {an_attempt("mailjet", attempt_outcome::refused_policy)};
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).reason, candidate_reason::pinned_elsewhere);
  live_.out(mailjet, candidate_reason::ejected);
  EXPECT_EQ(said(), "wait:no_destination_available");
}

TEST_F(decide_test, a_deferred_recipient_is_repeated_there_while_that_is_available) {
  two();
  past_.attempts = {an_attempt("mailjet", attempt_outcome::deferred_recipient)};
  EXPECT_EQ(said(), "mailjet");
  live_.out(mailjet, candidate_reason::ejected);
  EXPECT_EQ(said(), "onprem");
}

TEST_F(decide_test, a_route_that_moves_on_at_a_deferral_does_not_stay) {
  two().on_deferral = on_deferral::next;
  past_.attempts = {an_attempt("mailjet", attempt_outcome::deferred_recipient)};
  EXPECT_EQ(said(), "onprem");
}

TEST_F(decide_test, throttled_mail_waits_in_its_lane) {
  two();
  live_.out(onprem, candidate_reason::throttled);
  EXPECT_EQ(said(), "wait:no_destination_available");
  EXPECT_EQ(at(0).reason, candidate_reason::throttled);
  EXPECT_EQ(at(1).verdict, verdict::standby);
}

TEST_F(decide_test, throttled_mail_older_than_spill_after_takes_the_next) {
  two().spill_after = 5min;
  live_.out(onprem, candidate_reason::throttled);
  age_ = 299s;
  EXPECT_EQ(said(), "wait:no_destination_available");
  age_ = 300s;
  EXPECT_EQ(said(), "mailjet");
}

TEST_F(decide_test, a_destination_at_its_own_bounds_keeps_its_mail) {
  two();
  live_.out(onprem, candidate_reason::limit);
  EXPECT_EQ(said(), "wait:no_destination_available");
}

TEST_F(decide_test, what_exceeds_a_limit_node_goes_on) {
  limit_config rate;
  rate.rate_per_second = 50;
  sample_.route("all", a_failover({a_limit(rate, to_destination("onprem")), to_destination("mailjet")}));
  EXPECT_EQ(said(), "onprem");
  EXPECT_EQ(at(0).limits, (std::vector<std::uint16_t>{0}));
  live_.full_limits[0] = true;
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).reason, candidate_reason::limit);
}

TEST_F(decide_test, a_pair_that_backs_off_keeps_its_mail_unless_the_route_moves_on) {
  message_.to("ann@gmail.com");
  route_config& route = two();
  live_.pairs[{onprem, "google"}] = candidate_reason::ejected;
  EXPECT_EQ(said(), "wait:no_destination_available");
  EXPECT_EQ(at(0).reason, candidate_reason::ejected);
  EXPECT_EQ(at(0).detail, "mailbox_provider google");
  route.on_deferral = on_deferral::next;
  rules_ = nullptr;
  EXPECT_EQ(said(), "mailjet");
  message_.to("ann@example.org");
  EXPECT_EQ(said(), "onprem");
}

TEST_F(decide_test, a_refused_sender_goes_to_the_next_candidate) {
  two();
  live_.senders[{onprem, "shop.example"}] = true;
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).reason, candidate_reason::sender_refused);
  EXPECT_EQ(at(0).detail, "shop.example");
}

TEST_F(decide_test, a_sender_nobody_accepts_is_held_never_bounced) {
  two();
  live_.senders[{onprem, "shop.example"}] = true;
  live_.senders[{mailjet, "shop.example"}] = true;
  EXPECT_EQ(said(), "hold:sender_refused");
  live_.senders.erase({mailjet, "shop.example"});
  live_.out(mailjet, candidate_reason::ejected);
  EXPECT_EQ(said(), "wait:no_destination_available") << "the other one may come back";
}

TEST_F(decide_test, an_adapter_fault_everywhere_is_held) {
  two();
  past_.attempts = {an_attempt("onprem", attempt_outcome::adapter_fault),
                    an_attempt("mailjet", attempt_outcome::adapter_fault)};
  past_.tried_now = {"onprem", "mailjet"};
  EXPECT_EQ(said(), "hold:adapter_fault");
}

TEST_F(decide_test, panic_ignores_ratio_and_latency_when_nothing_else_is_left) {
  two();
  live_.out(onprem, candidate_reason::ejected, true).out(mailjet, candidate_reason::ejected, true);
  EXPECT_EQ(said(), "onprem");
  EXPECT_TRUE(made_.chosen()->panic);
}

TEST_F(decide_test, panic_needs_every_candidate_to_be_ejected_that_way) {
  two();
  live_.out(onprem, candidate_reason::ejected, true);
  for (const auto reason : {candidate_reason::ejected, candidate_reason::account_refused, candidate_reason::quota,
                            candidate_reason::drained, candidate_reason::suspended}) {
    live_.out(mailjet, reason, false);
    EXPECT_EQ(said(), "wait:no_destination_available") << to_string(reason);
  }
}

TEST_F(decide_test, panic_never_passes_an_invariant) {
  two();
  sample_.invariant("away", "", "zone == \"eu\"");
  live_.out(onprem, candidate_reason::ejected, true).out(mailjet, candidate_reason::ejected, true);
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).verdict, verdict::filtered);
}

TEST_F(decide_test, panic_does_not_repeat_what_just_failed) {
  two();
  live_.out(onprem, candidate_reason::ejected, true).out(mailjet, candidate_reason::ejected, true);
  past_.attempts = {an_attempt("onprem", attempt_outcome::deferred_destination)};
  past_.tried_now = {"onprem"};
  EXPECT_EQ(said(), "wait:no_destination_available");
}

TEST_F(decide_test, a_hold_node_ends_a_failover) {
  sample_.route("all", a_failover({to_destination("onprem"), a_hold("wait for the operator")}));
  EXPECT_EQ(said(), "onprem");
  live_.out(onprem, candidate_reason::ejected);
  EXPECT_EQ(said(), "hold:wait for the operator");
  live_.out(onprem, candidate_reason::throttled);
  EXPECT_EQ(said(), "wait:no_destination_available") << "a pause is no reason to hold";
}

TEST_F(decide_test, a_refuse_node_holds_what_was_accepted_and_refuses_what_was_not) {
  sample_.route("all", a_refuse("not this way"));
  EXPECT_EQ(said(), "hold:policy_refuses");
  const facts offered = message_.accepted(false).about();
  EXPECT_EQ(summary(*rules_, rules_->decide(offered, past_, live_, sample_now)), "refuse:not this way");
}

TEST_F(decide_test, after_the_deadline_the_next_one_that_was_not_tried_comes_first) {
  route_config& route = two();
  route.deadline = 60s;
  past_.attempts = {an_attempt("onprem", attempt_outcome::deferred_recipient)};
  age_ = 59s;
  EXPECT_EQ(said(), "onprem");
  age_ = 60s;
  EXPECT_EQ(said(), "mailjet");
  EXPECT_EQ(at(0).detail, "deadline");
  route.on_deadline = on_deadline::drop;
  rules_ = nullptr;
  EXPECT_EQ(said(), "onprem");
}

TEST_F(decide_test, split_standby_takes_over_when_the_drawn_one_is_out) {
  sample_.route("all", a_split({{"mailjet", 50}, {"ses", 50}}));
  const std::string drawn = said();
  live_.out(drawn == "mailjet" ? mailjet : ses, candidate_reason::ejected);
  EXPECT_EQ(said(), drawn == "mailjet" ? "ses" : "mailjet");
  EXPECT_EQ(made_.chosen()->reason, candidate_reason::none);
}

TEST_F(decide_test, lane_candidates_are_what_filters_leave_whatever_is_out) {
  three();
  sample_.invariant("eu-only", "\"eu\" in tags", "zone != \"us\"");
  rules_ = sample_.compiled();
  EXPECT_EQ(rules_->lane_candidates(message_.about()), (std::vector<std::uint16_t>{0, 1, 2}));
  EXPECT_EQ(rules_->lane_candidates(message_.tag("eu").about()), (std::vector<std::uint16_t>{0, 1}));
}

TEST_F(decide_test, a_held_recipient_has_no_lane) {
  sample_.route("all", a_hold("stop"));
  EXPECT_TRUE(sample_.compiled()->lane_candidates(message_.about()).empty());
}

TEST_F(decide_test, a_suppressed_recipient_is_kept_from_every_destination) {
  three();
  live_.suppression = "complaint";
  EXPECT_EQ(said(), "suppress:suppression:complaint");
  ASSERT_EQ(made_.candidates.size(), 3U);
  for (const candidate& one : made_.candidates) {
    EXPECT_EQ(one.verdict, verdict::filtered);
    EXPECT_EQ(one.reason, candidate_reason::invariant);
    EXPECT_EQ(one.invariant, "suppression");
    EXPECT_EQ(one.detail, "complaint");
  }
  EXPECT_EQ(made_.route, 0U) << "the route is shown all the same";
}

TEST_F(decide_test, nothing_brings_a_suppressed_recipient_back) {
  two();
  live_.suppression = "manual";
  past_.rerouted_to = "mailjet";
  EXPECT_EQ(said(), "suppress:suppression:manual");
  past_.rerouted_to.clear();
  past_.pinned_destination = "mailjet";
  EXPECT_EQ(said(), "suppress:suppression:manual");
  past_.pinned_destination.clear();
  live_.out(onprem, candidate_reason::ejected, true).out(mailjet, candidate_reason::ejected, true);
  EXPECT_EQ(said(), "suppress:suppression:manual") << "panic";
}

TEST_F(decide_test, no_route_and_no_end_of_a_route_hides_a_suppression) {
  sample_.route("none", to_destination("onprem"), "false");
  live_.suppression = "manual";
  EXPECT_EQ(said(), "suppress:suppression:manual");
}

}  // namespace
}  // namespace stellwerk::policy
