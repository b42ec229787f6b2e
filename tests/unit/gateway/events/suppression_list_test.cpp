#include "gateway/events/suppression_list.hpp"

#include <set>

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace stellwerk::events {
namespace {

using mail::traffic_stream;
using spool::suppression_reason;
using spool::suppression_row;
using spool::suppression_scope;

class suppression_list_test : public ::testing::Test {
 protected:
  static suppression_row a_row(std::string address, std::string tenant = "",
                               suppression_scope scope = suppression_scope::all) {
    suppression_row row;
    row.address = std::move(address);
    row.tenant = std::move(tenant);
    row.scope = scope;
    row.reason = suppression_reason::complaint;
    return row;
  }
  [[nodiscard]] bool stops(std::string_view address, std::string_view tenant = "acme",
                           traffic_stream stream = traffic_stream::transactional) const {
    return list_.find(tenant, address, stream, clock_.now()).has_value();
  }

  manual_clock clock_;
  suppression_list list_{7};
};

TEST_F(suppression_list_test, an_empty_list_stops_nobody) {
  EXPECT_FALSE(stops("ada@example.org"));
  EXPECT_FALSE(list_.remove(a_row("ada@example.org")));
  EXPECT_EQ(list_.slots(), 0U);
}

TEST_F(suppression_list_test, it_says_why_whatever_the_spelling) {
  EXPECT_TRUE(list_.put(a_row("ada@example.org")));
  EXPECT_EQ(list_.find("acme", "\"Ada\"@example.org", traffic_stream::marketing, clock_.now()),
            suppression_reason::complaint);
  EXPECT_FALSE(stops("adb@example.org"));
}

TEST_F(suppression_list_test, a_row_of_a_tenant_is_for_that_one_and_one_without_for_all) {
  list_.put(a_row("ada@example.org", "acme"));
  EXPECT_TRUE(stops("ada@example.org", "acme"));
  EXPECT_FALSE(stops("ada@example.org", "umbrella"));
  EXPECT_FALSE(stops("ada@example.org", ""));
  list_.put(a_row("bob@example.org"));
  EXPECT_TRUE(stops("bob@example.org", "acme"));
  EXPECT_TRUE(stops("bob@example.org", "umbrella"));
  EXPECT_TRUE(stops("bob@example.org", ""));
}

TEST_F(suppression_list_test, a_scope_is_about_its_stream) {
  list_.put(a_row("ada@example.org", "", suppression_scope::marketing));
  list_.put(a_row("bob@example.org", "acme", suppression_scope::transactional));
  EXPECT_TRUE(stops("ada@example.org", "acme", traffic_stream::marketing));
  EXPECT_FALSE(stops("ada@example.org", "acme", traffic_stream::transactional));
  EXPECT_FALSE(stops("bob@example.org", "acme", traffic_stream::marketing));
  EXPECT_TRUE(stops("bob@example.org", "acme", traffic_stream::transactional));
}

TEST_F(suppression_list_test, what_has_expired_holds_no_more) {
  suppression_row row = a_row("ada@example.org");
  row.expires = clock_.now() + std::chrono::hours{1};
  list_.put(row);
  EXPECT_EQ(list_.expiring(), 1U);
  clock_.advance(std::chrono::minutes{59});
  EXPECT_TRUE(stops("ada@example.org"));
  EXPECT_TRUE(list_.holds(row, clock_.now()));
  clock_.advance(std::chrono::minutes{1} + std::chrono::seconds{1});
  EXPECT_FALSE(stops("ada@example.org"));
  EXPECT_FALSE(list_.holds(row, clock_.now()));
  row.expires.reset();
  EXPECT_FALSE(list_.put(row)) << "it takes the place of the other";
  EXPECT_EQ(list_.expiring(), 0U);
  EXPECT_TRUE(stops("ada@example.org"));
}

TEST_F(suppression_list_test, an_expired_row_hides_none_that_holds) {
  suppression_row row = a_row("ada@example.org", "acme");
  row.expires = clock_.now() - std::chrono::hours{1};
  list_.put(row);
  EXPECT_FALSE(stops("ada@example.org"));
  list_.put(a_row("ada@example.org", "", suppression_scope::transactional));
  EXPECT_TRUE(stops("ada@example.org"));
}

// Against a set, through growth and removals at every load.
TEST_F(suppression_list_test, it_answers_as_a_set_would) {
  seeded_random random{11};
  std::set<std::uint64_t> truth;
  const auto name = [](std::uint64_t n) { return "user" + std::to_string(n) + "@example.org"; };
  for (int i = 0; i < 60'000; ++i) {
    const std::uint64_t n = random.below(5'000);
    if (random.below(5) < 3) {
      EXPECT_EQ(list_.put(a_row(name(n))), truth.insert(n).second);
    } else {
      EXPECT_EQ(list_.remove(a_row(name(n))), truth.erase(n) > 0);
    }
  }
  EXPECT_EQ(list_.size(), truth.size());
  for (std::uint64_t n = 0; n < 5'000; ++n) ASSERT_EQ(stops(name(n)), truth.contains(n)) << n;
}

TEST_F(suppression_list_test, an_entry_takes_at_most_64_bytes) {
  for (std::size_t n = 1; n <= 100'000; ++n) {
    list_.put(a_row("somebody.with.a.long.name." + std::to_string(n) + "@a.long.domain.example.org"));
    const bool is_small = n < 64;  // the first table has 64 slots
    ASSERT_TRUE(is_small || list_.slots() * suppression_list::slot_bytes <= n * 64) << n;
  }
  EXPECT_EQ(list_.size(), 100'000U);
}

}  // namespace
}  // namespace stellwerk::events
