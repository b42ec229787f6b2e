#include "base/net/resolver.hpp"

#include <atomic>
#include <mutex>

#include <gtest/gtest.h>

#include "base/async/task_group.hpp"
#include "base/net/tcp_connector.hpp"
#include "tests/support/run_for_test.hpp"

namespace stellwerk::net {
namespace {

using std::chrono::seconds;

async::awaitable<void> keep(async::awaitable<result<address_list>> question, std::vector<std::string>& into) {
  const result<address_list> answer = co_await std::move(question);
  into.push_back(answer ? answer->front().to_string() : answer.error().message());
}

struct resolver_test : testing::Test {
  steady_point soon() const { return std::chrono::steady_clock::now() + seconds{10}; }
  result<address_list> resolve(std::string name) {
    return test::run_for_test(context, names.resolve(std::move(name), soon()));
  }
  result<address_list> answer(const std::string& name) {
    ++asked;
    const std::lock_guard lock{gate};
    if (name == "absent.example") return error{errc::unresolved, "net.resolve"};
    address_list list;
    for (const char* one : {"10.0.0.1", "2001:db8::1"}) list.push_back(*ip_address::parse(one));
    return list;
  }

  async::io_context context;
  manual_clock time;
  std::atomic<int> asked{0};
  std::mutex gate;
  async::blocking_pool pool{2, 16, "dns"};
  resolver names{context.get_executor(), pool, time, [this](const std::string& name) { return answer(name); }};
};

TEST_F(resolver_test, numeric_addresses_ask_nobody) {
  EXPECT_EQ(resolve("192.0.2.7")->front().to_string(), "192.0.2.7");
  EXPECT_EQ(resolve("::1")->size(), 1U);
  EXPECT_EQ(asked, 0);
}

TEST_F(resolver_test, an_answer_is_kept_for_half_a_minute) {
  EXPECT_EQ(resolve("mx.example")->size(), 2U);
  time.advance(seconds{29});
  EXPECT_TRUE(resolve("mx.example"));
  EXPECT_EQ(asked, 1);
  time.advance(seconds{2});
  EXPECT_TRUE(resolve("mx.example"));
  EXPECT_EQ(asked, 2);
}

TEST_F(resolver_test, a_failure_is_kept_for_a_moment) {
  EXPECT_TRUE(resolve("absent.example").error().is(errc::unresolved));
  time.advance(seconds{4});
  EXPECT_FALSE(resolve("absent.example"));
  EXPECT_EQ(asked, 1);
  time.advance(seconds{2});
  EXPECT_FALSE(resolve("absent.example"));
  EXPECT_EQ(asked, 2);
}

TEST_F(resolver_test, the_same_question_at_once_is_asked_once) {
  async::task_group group{context.get_executor(), nullptr};
  std::vector<std::string> answers;
  gate.lock();
  for (int i = 0; i < 5; ++i) group.spawn("ask", keep(names.resolve("mx.example", soon()), answers));
  context.poll();
  gate.unlock();
  EXPECT_TRUE(test::run_until(context, [&group] { return group.size() == 0; }));
  EXPECT_EQ(answers, std::vector<std::string>(5, "10.0.0.1"));
  EXPECT_EQ(asked, 1);
}

TEST_F(resolver_test, a_slow_answer_is_late_for_one_and_in_time_for_the_next) {
  gate.lock();
  const steady_point deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{20};
  const auto late = test::run_for_test(context, names.resolve("mx.example", deadline));
  EXPECT_TRUE(late.error().is(errc::timed_out));
  gate.unlock();
  EXPECT_TRUE(resolve("mx.example"));
  EXPECT_EQ(asked, 1);
}

TEST_F(resolver_test, the_cache_has_a_bound) {
  resolver_settings settings;
  settings.entries_max = 2;
  resolver small{context.get_executor(), pool, time, [this](const std::string& name) { return answer(name); },
                 settings};
  for (const char* name : {"a.example", "b.example", "c.example", "a.example"}) {
    EXPECT_TRUE(test::run_for_test(context, small.resolve(name, soon())));
  }
  EXPECT_EQ(asked, 4);
}

TEST_F(resolver_test, the_system_knows_localhost) {
  const result<address_list> found = resolve_with_system("localhost");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->front().is_special());
  EXPECT_TRUE(resolve_with_system("does-not-exist.invalid").error().is(errc::unresolved));
}

TEST_F(resolver_test, a_connector_that_may_not_reach_inside_refuses_resolved_private_addresses) {
  tcp_connector outside{context.get_executor(), names};
  connect_options options;
  options.deadline = soon();
  options.allow_private_address = false;
  for (const char* host : {"mx.example", "127.0.0.1", "169.254.169.254"}) {
    const auto made = test::run_for_test(context, outside.connect(host, 25, options));
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().is(errc::refused)) << made.error().message();
  }
}

}  // namespace
}  // namespace stellwerk::net
