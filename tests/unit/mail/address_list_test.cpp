#include "mail/address_list.hpp"

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

std::string shown(std::string_view value) {
  std::string out;
  std::size_t rejected = 0;
  for (const mailbox& one : parse_address_list(value, &rejected)) {
    out += '[' + one.display_name + '|' + one.address.to_string() + ']';
  }
  return rejected == 0 ? out : out + '-' + std::to_string(rejected);
}

TEST(parse_address_list, usual_forms) {
  EXPECT_EQ(shown("a@x.ex"), "[|a@x.ex]");
  EXPECT_EQ(shown("A B <a@X.ex>, c@y.ex"), "[A B|a@x.ex][|c@y.ex]");
  EXPECT_EQ(shown("\"B, A\" <a@x.ex>"), "[B, A|a@x.ex]");
  EXPECT_EQ(shown("\"say \\\"hi\\\"\" <a@x.ex>"), "[say \"hi\"|a@x.ex]");
  EXPECT_EQ(shown("=?utf-8?Q?J=C3=BCrgen?= =?utf-8?Q?_M?= <a@x.ex>"), "[Jürgen M|a@x.ex]");
  EXPECT_EQ(shown("a@x.ex (Jim)"), "[Jim|a@x.ex]");
  EXPECT_EQ(shown("<a@x.ex>,\r\n <b@x.ex>"), "[|a@x.ex][|b@x.ex]");
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("<@r.ex:a@x.ex>"), "[|a@x.ex]");
}

TEST(parse_address_list, groups_give_their_members) {
  EXPECT_EQ(shown("undisclosed-recipients:;"), "");
  EXPECT_EQ(shown("Team: A <a@x.ex>, b@x.ex;, c@x.ex"), "[A|a@x.ex][|b@x.ex][|c@x.ex]");
}

TEST(parse_address_list, comments_and_blanks_of_the_old_syntax) {
  EXPECT_EQ(shown("a . b (c (d)) @ x . ex"), "[c (d)|a.b@x.ex]");
  EXPECT_EQ(shown("\"a b\"@x.ex"), "[|\"a b\"@x.ex]");
  EXPECT_EQ(shown("J. Q. Public <j@x.ex>"), "[J. Q. Public|j@x.ex]");
  EXPECT_EQ(shown("Name < a@x.ex >"), "[Name|a@x.ex]");
}

TEST(parse_address_list, what_is_no_address_is_counted) {
  EXPECT_EQ(shown("nobody"), "-1");
  EXPECT_EQ(shown("John a@x.ex, b@x.ex"), "[|b@x.ex]-1");
  EXPECT_EQ(shown("<a b@x.ex>"), "-1");
  EXPECT_EQ(shown("<>"), "-1");
  EXPECT_EQ(shown("<a@x.ex> <b@x.ex>"), "[|a@x.ex]-1");
  EXPECT_EQ(shown("a@[127.0.0.1], b@x.ex"), "[|b@x.ex]-1");
  EXPECT_EQ(shown("x <a@x.ex"), "[x|a@x.ex]");
  EXPECT_EQ(shown(",,;,"), "");
}

TEST(parse_address_list, hostile_values_take_bounded_time) {
  for (const char c : {'(', '"', '<', '[', ':', '\\', ',', '@', '>', ')'}) {
    EXPECT_TRUE(parse_address_list(std::string(200'000, c)).empty());
  }
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "a@x.ex,";
  EXPECT_EQ(parse_address_list(many).size(), address_list_entries_max);
}

}  // namespace
}  // namespace stellwerk::mail
