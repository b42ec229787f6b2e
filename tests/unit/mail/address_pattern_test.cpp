#include "mail/address_pattern.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

TEST(address_pattern, forms_match_what_they_say) {
  struct row {
    const char* pattern;
    const char* address;
    bool matches;
  };
  const row rows[] = {
      {"*", "a@b.example", true},
      {"a@b.example", "a@b.example", true},
      {"a@b.example", "A@B.example", true},
      {"a@b.example", "c@b.example", false},
      {"@b.example", "c@b.example", true},
      {"@b.example", "c@x.b.example", false},
      {"@b.example", "c@evilb.example", false},
      {"@*.b.example", "c@x.b.example", true},
      {"@*.b.example", "c@y.x.b.example", true},
      {"@*.b.example", "c@b.example", false},
      {"@*.b.example", "c@evilb.example", false},
      {"@b.example", "\"x@evil.example\"@b.example", true},
      {"@evil.example", "\"x@evil.example\"@b.example", false},
  };
  for (const row& one : rows)
    EXPECT_EQ(matches_address(one.pattern, one.address), one.matches) << one.pattern << ' ' << one.address;
}

TEST(address_pattern, an_empty_list_allows_everything) {
  EXPECT_TRUE(address_allowed({}, "a@b.example"));
  const std::vector<std::string> some{"@x.example", "@b.example"};
  EXPECT_TRUE(address_allowed(some, "a@b.example"));
  EXPECT_FALSE(address_allowed(some, "a@c.example"));
}

TEST(address_pattern, faults_are_seen) {
  for (const char* good : {"*", "a@b", "@b", "@*.b.example"}) EXPECT_TRUE(is_address_pattern(good)) << good;
  for (const char* bad : {"", "b.example", "@", "a@", "@*.", "*@b.example@", "@b.*.example", "a@.b"})
    EXPECT_FALSE(is_address_pattern(bad)) << bad;
}

}  // namespace
}  // namespace stellwerk::mail
