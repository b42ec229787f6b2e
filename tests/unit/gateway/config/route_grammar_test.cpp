// The grammar of routes: every node with every key, as the tree it makes; every bad form, with its line, its path and
// what would have been allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway/config/loader.hpp"

namespace stellwerk::test {
namespace {

using testing::Contains;
using testing::IsEmpty;

constexpr std::size_t first_line = 9;  // where `via` stands

// `via` is the node, in one line or several; the route is the whole policy.
std::string file_with(const std::string& via, const std::string& more = {}) {
  return "destinations:\n"
         "  onprem: {adapter: smtp, hosts: [\"mta1:25\"], cost_per_thousand: 0.02 EUR}\n"
         "  backup: {adapter: smtp, hosts: [\"mta2:25\"], cost_per_thousand: 0.05 EUR}\n"
         "  esp: {adapter: mailjet, api_key: {env: KEY}, cost_per_thousand: 0.85 EUR}\n"
         "  priceless: {adapter: smtp, hosts: [\"mta3:25\"]}\n"
         "policy:\n"
         "  routes:\n"
         "    - name: r\n"
         "      via: " +
         via + "\n" + more;
}

loader with_key() {
  loader made;
  made.variables["KEY"] = "k";
  return made;
}

const auto by_name = [](const auto& form) { return std::string{form.param.name}; };

struct good_form {
  const char* name;
  const char* via;
  const char* tree;
};

class every_node : public testing::TestWithParam<good_form> {};

TEST_P(every_node, is_read_with_every_key) {
  const auto read = with_key().load(file_with(GetParam().via));
  ASSERT_TRUE(std::holds_alternative<config::gateway_config>(read))
      << to_string(std::get<std::vector<config::config_fault>>(read).front(), "f");
  EXPECT_EQ(std::get<config::gateway_config>(read).policy->describe(0), GetParam().tree);
}

const good_form good_forms[] = {
    {"a_name", "onprem", "onprem"},
    {"a_list", "[onprem, esp]", "failover(onprem, esp)"},
    {"failover", "{failover: [onprem, esp]}", "failover(onprem, esp)"},
    {"split", "{split: {onprem: 95, esp: 5}}", "split(onprem 95, esp 5 by recipient)"},
    {"split_by_recipient", "{split: {onprem: 1, esp: 0}, by: recipient}", "split(onprem 1, esp 0 by recipient)"},
    {"split_by_message", "{split: {onprem: 1, esp: 0.5}, by: message}", "split(onprem 1, esp 0.5 by message)"},
    {"split_by_campaign", "{split: {onprem: 1, esp: 1}, by: campaign}", "split(onprem 1, esp 1 by campaign)"},
    {"limit_rate", "{limit: {rate: 50/s}, via: onprem}", "limit(rate 50/s, onprem)"},
    {"limit_rate_per_minute", "{limit: {rate: 120/m}, via: onprem}", "limit(rate 2/s, onprem)"},
    {"limit_concurrency", "{limit: {concurrency: 4}, via: onprem}", "limit(concurrency 4, onprem)"},
    {"limit_per_day", "{limit: {per_day: 500}, via: onprem}", "limit(per_day 500, onprem)"},
    {"limit_per_month", "{limit: {per_month: 20000}, via: [onprem, esp]}",
     "limit(per_month 20000, failover(onprem, esp))"},
    {"limit_budget", "{limit: {budget: 400 EUR}, via: esp}", "limit(budget 400 EUR, esp)"},
    {"cheapest", "{cheapest: [esp, onprem]}", "cheapest(esp, onprem)"},
    {"spill_backlog", "[{spill: {backlog: 100}, via: onprem}, esp]", "failover(spill(backlog 100, onprem), esp)"},
    {"spill_waited", "[{spill: {waited: 5m}, via: onprem}, esp]", "failover(spill(waited 300s, onprem), esp)"},
    {"spill_both", "[{spill: {backlog: 0, waited: 1s}, via: onprem}, esp]",
     "failover(spill(backlog 0, waited 1s, onprem), esp)"},
    {"warmup", "[{warmup: {from: 2026-12-01, daily: [200, 400]}, via: backup}, onprem]",
     "failover(warmup(from 2026-12-01 200 400, backup), onprem)"},
    {"shadow", "{shadow: esp, via: onprem}", "shadow(esp 100%, onprem)"},
    {"shadow_share", "{shadow: esp, share: 5%, via: [onprem, backup]}", "shadow(esp 5%, failover(onprem, backup))"},
    {"switch",
     "{switch: [{when: 'size > 1000', via: esp}, {when: 'stream == \"marketing\"', via: backup}], otherwise: onprem}",
     "switch(\"size > 1000\": esp, \"stream == \\\"marketing\\\"\": backup, otherwise: onprem)"},
    {"hold", "{hold: a person decides}", "hold(\"a person decides\")"},
    {"hold_at_the_end", "[onprem, {hold: somebody looks}]", "failover(onprem, hold(\"somebody looks\"))"},
    {"refuse", "{refuse: not from here}", "refuse(\"not from here\")"},
    {"discard", "{discard: a test}", "discard(\"a test\")"},
    {"nested", "[{split: {onprem: 1, backup: 1}}, {limit: {rate: 1/s}, via: {cheapest: [esp, backup]}}]",
     "failover(split(onprem 1, backup 1 by recipient), limit(rate 1/s, cheapest(esp, backup)))"},
};

INSTANTIATE_TEST_SUITE_P(grammar, every_node, testing::ValuesIn(good_forms), by_name);

struct bad_form {
  const char* name;
  const char* via;
  const char* path;    // below policy.routes[0]
  const char* reason;  // what it must tell: the fault and what is allowed
  std::size_t line = first_line;
};

class every_bad_form : public testing::TestWithParam<bad_form> {};

TEST_P(every_bad_form, is_told_with_its_line_its_path_and_what_is_allowed) {
  const bad_form& wrong = GetParam();
  const auto found = with_key().load(file_with(wrong.via));
  ASSERT_TRUE(std::holds_alternative<std::vector<config::config_fault>>(found)) << "it is read";
  std::vector<std::string> told;
  for (const auto& one : std::get<std::vector<config::config_fault>>(found))
    told.push_back(to_string(one, "/etc/stellwerk/stellwerk.yaml"));
  const std::string begin = "/etc/stellwerk/stellwerk.yaml:" + std::to_string(wrong.line) + ":";
  const std::string place = ": policy.routes[0]" + std::string{wrong.path} + ": ";
  EXPECT_THAT(told, Contains(testing::AllOf(testing::StartsWith(begin), testing::HasSubstr(place),
                                            testing::HasSubstr(wrong.reason))));
}

constexpr const char* any_node =
    "a destination's name, a list, or one of failover, split, limit, cheapest, spill, warmup, shadow, switch, hold, "
    "refuse, discard is expected";

const bad_form bad_forms[] = {
    // What is no node at all.
    {"nothing", "", ".via", "is required"},
    {"an_empty_map", "{}", ".via", any_node},
    {"an_unknown_kind", "{failovr: [onprem]}", ".via", any_node},
    {"on_unknown_below", "[onprem, ]\n      when: ''\n      on_unknown: never", ".on_unknown",
     "'never' is none of same_destination, hold, duplicate_is_better", 11},
    {"null_in_a_list", "[onprem, ~]", ".via[1]", any_node},
    {"an_unknown_name", "onprm", ".via", "unknown destination 'onprm'; did you mean 'onprem'?"},
    {"an_unknown_name_deep", "[onprem, {limit: {rate: 1/s}, via: [esp, {split: {bakup: 1}}]}]",
     ".via[1].via[1].split.bakup", "unknown destination 'bakup'; did you mean 'backup'?"},
    {"an_empty_list", "[]", ".via", "is empty: names no destination"},
    {"two_kinds", "{failover: [onprem], split: {esp: 1}}", ".via.split", any_node},
    // failover
    {"failover_of_a_name", "{failover: onprem}", ".via.failover", "a list of destinations or nodes is expected"},
    {"failover_empty", "{failover: []}", ".via", "is empty: names no destination"},
    {"failover_with_by", "{failover: [onprem], by: recipient}", ".via.by", "unknown key 'by'; known are failover"},
    {"behind_a_hold", "[{hold: x}, onprem]", ".via[1]", "is never reached: what stands before it ends the route"},
    // split
    {"split_of_a_list", "{split: [onprem, esp]}", ".via.split", "a map of destination to weight is expected"},
    {"split_empty", "{split: {}}", ".via", "is empty: names no destination"},
    {"split_word_as_weight", "{split: {onprem: much}}", ".via.split.onprem",
     "a decimal number is expected, not 'much'"},
    {"split_negative", "{split: {onprem: -1, esp: 2}}", ".via.split.onprem", "a weight is 0 or more"},
    {"split_all_zero", "{split: {onprem: 0, esp: 0}}", ".via", "at least one weight must be above 0"},
    {"split_by_what", "{split: {onprem: 1}, by: sender}", ".via.by",
     "'sender' is none of recipient, message, campaign"},
    {"split_of_a_node", "{split: {onprem: {rate: 1/s}}}", ".via.split.onprem", "a number is expected"},
    {"split_with_via", "{split: {onprem: 1}, via: esp}", ".via.via", "unknown key 'via'; known are by, split"},
    // limit
    {"limit_of_a_number", "{limit: 5, via: onprem}", ".via.limit",
     "exactly one of rate, concurrency, per_day, per_month, budget is expected"},
    {"limit_without_a_bound", "{limit: {}, via: onprem}", ".via.limit",
     "exactly one of rate, concurrency, per_day, per_month, budget is expected"},
    {"limit_with_two", "{limit: {rate: 1/s, per_day: 5}, via: onprem}", ".via.limit",
     "exactly one of rate, concurrency, per_day, per_month, budget is expected"},
    {"limit_unknown", "{limit: {per_year: 5}, via: onprem}", ".via.limit.per_year", "unknown key 'per_year'"},
    {"limit_rate_without_unit", "{limit: {rate: 50}, via: onprem}", ".via.limit.rate",
     "a rate such as 500/s, 50/m or 10/h is expected, not '50'"},
    {"limit_rate_zero", "{limit: {rate: 0/s}, via: onprem}", ".via.limit.rate",
     "a rate such as 500/s, 50/m or 10/h is expected, not '0/s'"},
    {"limit_concurrency_word", "{limit: {concurrency: few}, via: onprem}", ".via.limit.concurrency",
     "a whole decimal number is expected, not 'few'"},
    {"limit_per_day_zero", "{limit: {per_day: 0}, via: onprem}", ".via.limit",
     "exactly one of rate, concurrency, per_day, per_month, budget is expected"},
    {"limit_per_month_fraction", "{limit: {per_month: 1.5}, via: onprem}", ".via.limit.per_month",
     "a whole decimal number is expected, not '1.5'"},
    {"limit_budget_without_currency", "{limit: {budget: 400}, via: esp}", ".via.limit.budget",
     "an amount such as '0.85 EUR' is expected, not '400'"},
    {"limit_budget_zero", "{limit: {budget: 0 EUR}, via: esp}", ".via", "a limit is above 0"},
    {"limit_budget_without_price", "{limit: {budget: 4 EUR}, via: priceless}", ".via",
     "a budget in EUR needs cost_per_thousand in EUR at destination 'priceless'"},
    {"limit_budget_other_currency", "{limit: {budget: 4 USD}, via: esp}", ".via",
     "a budget in USD needs cost_per_thousand in USD at destination 'esp'"},
    {"limit_without_via", "{limit: {rate: 1/s}}", ".via.via", "is required"},
    {"limit_of_an_ending", "{limit: {rate: 1/s}, via: {hold: x}}", ".via.via",
     "nothing leaves here that could be limited"},
    // cheapest
    {"cheapest_of_a_name", "{cheapest: onprem}", ".via.cheapest", "a list of destinations or nodes is expected"},
    {"cheapest_empty", "{cheapest: []}", ".via", "is empty: names no destination"},
    {"cheapest_without_price", "{cheapest: [onprem, priceless]}", ".via.cheapest[1]",
     "destination 'priceless' needs cost_per_thousand to be compared"},
    {"cheapest_of_a_hold", "{cheapest: [onprem, {hold: x}]}", ".via.cheapest[1]", "has no price"},
    {"cheapest_of_a_split", "{cheapest: [onprem, {split: {esp: 1}}]}", ".via.cheapest[1]",
     "a split shares by weight, not by price"},
    // spill
    {"spill_of_a_number", "{spill: 5, via: onprem}", ".via.spill", "at least one of backlog, waited is expected"},
    {"spill_empty", "{spill: {}, via: onprem}", ".via.spill", "at least one of backlog, waited is expected"},
    {"spill_backlog_word", "{spill: {backlog: long}, via: onprem}", ".via.spill.backlog",
     "a whole decimal number is expected, not 'long'"},
    {"spill_waited_number", "{spill: {waited: 5}, via: onprem}", ".via.spill.waited",
     "a duration such as 250ms, 30s, 5m or 4h is expected, not '5'"},
    {"spill_unknown", "{spill: {backlog: 5, age: 5m}, via: onprem}", ".via.spill.age",
     "unknown key 'age'; known are backlog, waited"},
    {"spill_without_via", "{spill: {backlog: 5}}", ".via.via", "is required"},
    // warmup
    {"warmup_of_a_list", "{warmup: [200, 400], via: onprem}", ".via.warmup", "a map is expected"},
    {"warmup_without_from", "{warmup: {daily: [200]}, via: onprem}", ".via.warmup.from", "is required"},
    {"warmup_without_daily", "{warmup: {from: 2026-12-01}, via: onprem}", ".via.warmup.daily", "is required"},
    {"warmup_no_day", "{warmup: {from: 2026-02-30, daily: [200]}, via: onprem}", ".via.warmup.from",
     "a day such as 2026-12-01 is expected, not '2026-02-30'"},
    {"warmup_daily_number", "{warmup: {from: 2026-12-01, daily: 200}, via: onprem}", ".via.warmup.daily",
     "a list is expected"},
    {"warmup_daily_word", "{warmup: {from: 2026-12-01, daily: [many]}, via: onprem}", ".via.warmup.daily",
     "a number of messages is expected, not 'many'"},
    {"warmup_daily_empty", "{warmup: {from: 2026-12-01, daily: []}, via: onprem}", ".via",
     "needs `daily`: how many on each day"},
    {"warmup_without_via", "{warmup: {from: 2026-12-01, daily: [1]}}", ".via.via", "is required"},
    // shadow
    {"shadow_unknown", "{shadow: nobody, via: onprem}", ".via", "unknown destination 'nobody'"},
    {"shadow_of_nobody", "{shadow: , via: onprem}", ".via", "needs the name of a destination"},
    {"shadow_without_sandbox", "{shadow: backup, via: onprem}", ".via",
     "destination 'backup' has no sandbox: a copy would be delivered"},
    {"shadow_share_number", "{shadow: esp, share: 5, via: onprem}", ".via.share",
     "a percentage such as 50% is expected, not '5'"},
    {"shadow_share_nothing", "{shadow: esp, share: 0%, via: onprem}", ".via", "a share is above 0% and at most 100%"},
    {"shadow_share_too_much", "{shadow: esp, share: 101%, via: onprem}", ".via.share",
     "a percentage such as 50% is expected, not '101%'"},
    {"shadow_without_via", "{shadow: esp}", ".via.via", "is required"},
    // switch
    {"switch_of_a_map", "{switch: {when: 'size > 1', via: esp}, otherwise: onprem}", ".via.switch",
     "a list of {when, via} is expected"},
    {"switch_empty", "{switch: [], otherwise: onprem}", ".via.switch", "a list of {when, via} is expected"},
    {"switch_without_otherwise", "{switch: [{when: 'size > 1', via: esp}]}", ".via.otherwise",
     "is required: where mail goes that no case takes"},
    {"switch_case_without_when", "{switch: [{via: esp}], otherwise: onprem}", ".via.switch[0].when", "is required"},
    {"switch_case_without_via", "{switch: [{when: 'size > 1'}], otherwise: onprem}", ".via.switch[0].via",
     "is required"},
    {"switch_case_unknown_key", "{switch: [{when: 'size > 1', via: esp, share: 5%}], otherwise: onprem}",
     ".via.switch[0].share", "unknown key 'share'; known are via, when"},
    {"switch_bad_condition", "{switch: [{when: 'sise > 1', via: esp}], otherwise: onprem}", ".via.switch[0].when",
     "sise"},
    {"switch_condition_no_bool", "{switch: [{when: 'size + 1', via: esp}], otherwise: onprem}", ".via.switch[0].when",
     "a condition is true or false, this is int"},
    // endings
    {"hold_of_a_list", "{hold: [a]}", ".via.hold", "text is expected"},
    {"refuse_of_a_map", "{refuse: {text: a}}", ".via.refuse", "text is expected"},
    {"discard_of_a_list", "{discard: [a]}", ".via.discard", "text is expected"},
    {"discard_behind_others", "[onprem, {discard: x}]", ".via[1]",
     "would throw away mail that only waits for what stands before it"},
    {"hold_with_via", "{hold: x, via: onprem}", ".via.via", "unknown key 'via'; known are hold"},
    // the route around the node
    {"deadline_number", "onprem\n      deadline: 60", ".deadline",
     "a duration such as 250ms, 30s, 5m or 4h is expected, not '60'", 10},
    {"on_deadline", "onprem\n      on_deadline: bounce", ".on_deadline", "'bounce' is none of next, drop", 10},
    {"on_unknown", "onprem\n      on_unknown: retry", ".on_unknown",
     "'retry' is none of same_destination, hold, duplicate_is_better", 10},
    {"on_deferral", "onprem\n      on_deferral: move", ".on_deferral", "'move' is none of wait, next", 10},
    {"spill_after", "onprem\n      spill_after: late", ".spill_after",
     "a duration such as 250ms, 30s, 5m or 4h is expected, not 'late'", 10},
    {"unknown_key", "onprem\n      priority: 5", ".priority",
     "unknown key 'priority'; known are deadline, name, on_deadline, on_deferral, on_unknown, spill_after, via, when",
     10},
    {"condition_over_lines", "\n        - onprem\n        - limit: {rate: x}\n          via: esp", ".via[1].limit.rate",
     "a rate such as 500/s, 50/m or 10/h is expected, not 'x'", 11},
};

INSTANTIATE_TEST_SUITE_P(grammar, every_bad_form, testing::ValuesIn(bad_forms), by_name);

TEST(route_grammar, every_option_of_a_route_is_read) {
  const auto read = with_key().good(
      file_with("onprem\n      when: 'size > 1'\n      deadline: 60s\n      on_deadline: drop\n      on_unknown: hold\n"
                "      on_deferral: next\n      spill_after: 15m"));
  const policy::route_config& route = read.policy->routes()[0];
  EXPECT_EQ(route.name, "r");
  EXPECT_EQ(route.when, "size > 1");
  EXPECT_EQ(route.deadline, std::chrono::seconds{60});
  EXPECT_EQ(route.on_deadline, policy::on_deadline::drop);
  EXPECT_EQ(route.on_unknown, policy::on_unknown::hold);
  EXPECT_EQ(route.on_deferral, policy::on_deferral::next);
  EXPECT_EQ(route.spill_after, std::chrono::minutes{15});
}

TEST(route_grammar, all_faults_of_a_tree_are_told_at_once) {
  EXPECT_THAT(with_key().faults(
                  file_with("[onprm, {limit: {rate: 5}, via: {split: {esp: x}, by: y}}, {cheapest: [priceless]}]")),
              testing::SizeIs(testing::Ge(4)));
  EXPECT_THAT(with_key().faults(file_with("onprem")), IsEmpty());
}

}  // namespace
}  // namespace stellwerk::test
