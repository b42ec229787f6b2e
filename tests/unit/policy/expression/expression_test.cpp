// Every line of cases.txt: the expression compiled and run, its value as JSON.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "policy/expression/program.hpp"
#include "policy/expression/value_json.hpp"

namespace stellwerk::policy::expression {
namespace {

class no_facts final : public activation {
 public:
  [[nodiscard]] value variable(std::uint16_t, evaluation_memory&) const override { return value::null(); }
  [[nodiscard]] value call(std::uint16_t, std::span<const value>, evaluation_memory&) const override { return value::null(); }
};

std::string answer_of(std::string_view source) {
  const schema names;
  const auto compiled = compile(source, names);
  if (!compiled) return "!fault";
  const no_facts facts;
  evaluation_memory memory;
  const value v = compiled->run(facts, memory);
  return v.is_error() ? "!error" : to_json(v, memory);
}

TEST(expression, every_case_of_the_table) {
  std::ifstream in{std::string{STELLWERK_SOURCE_DIR} + "/tests/unit/policy/expression/cases.txt"};
  ASSERT_TRUE(in);
  std::size_t cases = 0;
  for (std::string line; std::getline(in, line);) {
    const auto arrow = line.rfind(" => ");
    if (line.starts_with('#') || arrow == std::string::npos) continue;
    ++cases;
    EXPECT_EQ(answer_of(std::string_view{line}.substr(0, arrow)), line.substr(arrow + 4)) << line;
  }
  EXPECT_GT(cases, 150U);
}

TEST(expression, fault_has_a_caret_under_the_right_character) {
  const schema names;
  const auto compiled = compile("size > 10 && strem == 'x'", names);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().at.column, 1U);
  const auto unknown = compile("'äö' + strem", names);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().at.column, 8U) << "columns count characters";
}

TEST(expression, cost_is_bounded) {
  // 100^4 steps would take minutes.
  std::string list = "[0";
  for (int i = 1; i < 100; ++i) list += "," + std::to_string(i);
  list += "]";
  const std::string source = list + ".all(a, " + list + ".all(b, " + list + ".all(c, " + list + ".all(d, a + b + c + d >= 0))))";
  const schema names;
  const auto compiled = compile(source, names);
  ASSERT_TRUE(compiled);
  const no_facts facts;
  evaluation_memory memory;
  const value v = compiled->run(facts, memory);
  ASSERT_TRUE(v.is_error());
  EXPECT_TRUE(v.as_error().limit);
}

TEST(expression, deep_nesting_is_refused_not_overflowed) {
  const schema names;
  EXPECT_FALSE(compile(std::string(5000, '(') + "1" + std::string(5000, ')'), names));
  EXPECT_FALSE(compile(std::string(5000, '[') + std::string(5000, ']'), names));
  std::string chain = "true";
  for (int i = 0; i < 5000; ++i) chain += " && true";
  const auto long_chain = compile(chain, names);
  if (long_chain) {
    const no_facts facts;
    evaluation_memory memory;
    EXPECT_TRUE(long_chain->run(facts, memory).is_true());
  }
}

TEST(expression, garbage_is_refused) {
  const schema names;
  for (const std::string_view text : {"\xff\xfe", "a\0b", "'\\", "b'\\777'", "1..2", "...", "{:}", "[,]", "a.b.(c)", "\"\n\""}) {
    EXPECT_FALSE(compile(text, names)) << text;
  }
}

}  // namespace
}  // namespace stellwerk::policy::expression
