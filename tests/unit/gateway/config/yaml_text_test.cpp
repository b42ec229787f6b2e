#include "gateway/config/yaml_tree.hpp"

#include <gtest/gtest.h>

#include "gateway/config/config.hpp"

namespace stellwerk::config {
namespace {

yaml_node tree_of(const std::string& text) {
  auto parsed = parse_yaml(text);
  EXPECT_TRUE(std::holds_alternative<yaml_node>(parsed)) << text;
  return std::holds_alternative<yaml_node>(parsed) ? std::get<yaml_node>(parsed) : yaml_node{};
}

bool same(const yaml_node& a, const yaml_node& b) {
  if (a.what != b.what || a.text != b.text || a.items.size() != b.items.size() || a.fields.size() != b.fields.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(a.items[i], b.items[i])) return false;
  }
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    if (a.fields[i].first != b.fields[i].first || !same(a.fields[i].second, b.fields[i].second)) return false;
  }
  return true;
}

TEST(yaml_text, what_is_read_again_is_what_was_read) {
  for (const char* text :
       {"routes: [{name: a, via: [b, c]}]", "a: 'stream == \"marketing\" && x in [1, 2]'\nb: {}\nc: []\nd:\n",
        "- - 1\n  - [2, 3]\n- {}\n", "a: \"true\"\nb: true\nc: 1.5\nd: -3\ne: '- x'\nf: 50/s\ng: 0.85 EUR\n",
        "text: |\n  two\n  lines: \"quoted\"\n", "\"odd: key\": {\"#x\": \"\\u00e4 \\t\"}\n",
        "a:\n  b:\n    c:\n      - d: [e]\n"}) {
    const yaml_node tree = tree_of(text);
    EXPECT_TRUE(same(tree, tree_of(to_yaml(tree)))) << to_yaml(tree);
  }
}

TEST(yaml_text, quoted_text_stays_quoted) {
  const yaml_node again = tree_of(to_yaml(tree_of("a: \"1\"\nb: 1\n")));
  EXPECT_TRUE(again.find("a")->quoted);
  EXPECT_FALSE(again.find("b")->quoted);
}

TEST(policy_text, a_policy_is_read_with_or_without_its_key) {
  std::vector<policy::destination_traits> destinations(1);
  destinations[0].name = "onprem";
  const auto version_of = [&](const std::string& text) {
    auto made = load_policy_text(text, destinations, {});
    return std::holds_alternative<loaded_policy>(made) ? std::get<loaded_policy>(made).policy->version()
                                                       : std::string{};
  };
  const std::string bare = version_of("routes: [{name: all, via: onprem}]");
  EXPECT_EQ(bare.size(), 64U);
  EXPECT_EQ(version_of("policy: {routes: [{name: all, via: onprem}]}"), bare);
  EXPECT_EQ(version_of(to_yaml(tree_of("routes: [{name: all, via: onprem}]"))), bare);
  EXPECT_EQ(version_of("routes: [{name: all, via: elsewhere}]"), "");
  EXPECT_EQ(version_of("routs: [{name: all, via: onprem}]"), "");
}

TEST(policy_text, every_fault_is_told_with_its_place_in_the_text) {
  const auto made =
      load_policy_text("routes:\n  - {name: a, when: 'sise > 1', via: nowhere}\n  - {name: b, via: [x]}\n", {}, {});
  const auto& faults = std::get<std::vector<config_fault>>(made);
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0].at.line, 2U);
  EXPECT_EQ(faults[2].at.line, 3U);
}

}  // namespace
}  // namespace stellwerk::config
