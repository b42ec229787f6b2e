// Every line of cases.txt: the expression compiled and run, its value as JSON.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "policy/expression/containers.hpp"
#include "policy/expression/program.hpp"
#include "policy/expression/value_json.hpp"

namespace stellwerk::policy::expression {
namespace {

class no_facts final : public activation {
 public:
  [[nodiscard]] value variable(std::uint16_t, evaluation_memory&) const override { return value::null(); }
  [[nodiscard]] value call(std::uint16_t, std::span<const value>, evaluation_memory&) const override {
    return value::null();
  }
};

std::string answer_of(std::string_view source, const schema& names) {
  const auto compiled = compile(source, names);
  if (!compiled) return "!fault";
  const no_facts facts;
  evaluation_memory memory;
  const value v = compiled->run(facts, memory);
  return v.is_error() ? "!error" : to_json(v, memory);
}

// How many lines were cases.
std::size_t expect_every_case(const std::string& file, const schema& names) {
  std::ifstream in{std::string{STELLWERK_SOURCE_DIR} + "/tests/unit/policy/expression/" + file};
  EXPECT_TRUE(in) << file;
  std::size_t cases = 0;
  for (std::string line; std::getline(in, line);) {
    const auto arrow = line.rfind(" => ");
    if (line.starts_with('#') || arrow == std::string::npos) continue;
    ++cases;
    EXPECT_EQ(answer_of(std::string_view{line}.substr(0, arrow), names), line.substr(arrow + 4)) << line;
  }
  return cases;
}

TEST(expression, every_case_of_the_table) { EXPECT_GT(expect_every_case("cases.txt", schema{}), 500U); }

TEST(expression, every_case_of_the_table_without_types) {
  schema names;
  names.check(schema::checking::at_run_time);
  EXPECT_GT(expect_every_case("cases_unchecked.txt", names), 50U);
}

TEST(expression, strings_and_comments_over_several_lines) {
  const schema names;
  EXPECT_EQ(answer_of("'''a\nb\r\n'''", names), R"("a\u000ab\u000d\u000a")");
  EXPECT_EQ(answer_of("r\"\"\"a\\\nb\"\"\"", names), R"("a\\\u000ab")");
  EXPECT_EQ(answer_of("b'''\n'''", names), R"("Cg==")");
  EXPECT_EQ(answer_of("' \x01\x7f\t '", names), R"(" \u0001\u007f\u0009 ")");
  EXPECT_EQ(answer_of("'a\nb'", names), "!fault");
  EXPECT_EQ(answer_of("[1, // one\n 2 // two\n]", names), "[1,2]");
  EXPECT_EQ(answer_of("\f\t1\r\n+\n2 ", names), "3");
}

// What every implementation must carry: 12 levels of nesting, 24 to 32 in a row.
TEST(expression, wide_and_deep_expressions_have_values) {
  const schema names;
  const auto repeated = [](std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  EXPECT_EQ(answer_of(repeated("(", 40) + "7" + repeated(")", 40), names), "7");
  EXPECT_EQ(answer_of(repeated("!", 64) + "true", names), "true");
  EXPECT_EQ(answer_of(repeated("-", 64) + "19", names), "19");
  EXPECT_EQ(answer_of(repeated("int(uint(", 8) + "7" + repeated("))", 8), names), "7");
  EXPECT_EQ(answer_of(repeated("[", 16) + "'x'" + repeated("]", 16) + repeated("[0]", 16), names), "\"x\"");
  EXPECT_EQ(answer_of("size(" + repeated("{0: ", 16) + "1" + repeated("}", 16) + ")", names), "1");
  EXPECT_EQ(answer_of(repeated("true ? true : ", 40) + "false", names), "true");
  EXPECT_EQ(answer_of(repeated("false || ", 64) + "true", names), "true");
  EXPECT_EQ(answer_of("3" + repeated(" - 3 + 3", 32), names), "3");
  EXPECT_EQ(answer_of("4" + repeated(" * 4 / 4", 32), names), "4");
}

// A name with dots is one variable; the longest that is declared wins.
class dotted final : public activation {
 public:
  [[nodiscard]] value variable(std::uint16_t slot, evaluation_memory& memory) const override {
    if (slot == 1) return value::string("whole");
    const auto entries = memory.make_array<map_entry>(1);
    entries[0] = {value::string(slot == 0 ? "c" : "b"), value::string(slot == 0 ? "of the map" : "outer")};
    return value::map(*memory.make<value_map>(entries));
  }
  [[nodiscard]] value call(std::uint16_t, std::span<const value>, evaluation_memory&) const override {
    return value::null();
  }
};

TEST(expression, the_longest_declared_name_is_the_variable) {
  const auto read = [](const schema& names, std::string_view source) {
    const auto compiled = compile(source, names);
    if (!compiled) return compiled.error().message;
    const dotted facts;
    evaluation_memory memory;
    return to_json(compiled->run(facts, memory), memory);
  };
  schema short_one, both;
  short_one.variable("a.b", type::map_of(type::string(), type::string()));
  both.variable("a.b", type::map_of(type::string(), type::string())).variable("a.b.c", type::string());
  EXPECT_EQ(read(short_one, "a.b.c"), "\"of the map\"");
  EXPECT_EQ(read(both, "a.b.c"), "\"whole\"");
  EXPECT_EQ(read(both, ".a.b.c"), "\"whole\"");
  EXPECT_EQ(read(both, "[{'b': {'c': 'local'}}].map(a, a.b.c)"), "[\"local\"]") << "a macro's variable comes first";
  EXPECT_EQ(read(both, "[{'b': {'c': 'local'}}].map(a, .a.b.c)"), "[\"whole\"]") << "unless the name starts with a dot";
}

TEST(expression, an_error_has_a_caret_where_it_was_made) {
  const schema names;
  const auto compiled = compile("1 > 2 ||\n  [1, 2].all(x, 10 / (x - 1) > 3)", names);
  ASSERT_TRUE(compiled);
  const no_facts facts;
  evaluation_memory memory;
  const value v = compiled->run(facts, memory);
  ASSERT_TRUE(v.is_error());
  EXPECT_EQ(render(compiled->describe(v)),
            "2:20: division by zero\n    [1, 2].all(x, 10 / (x - 1) > 3)\n                     ^");
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
  const std::string source =
      list + ".all(a, " + list + ".all(b, " + list + ".all(c, " + list + ".all(d, a + b + c + d >= 0))))";
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
  for (const std::string_view text :
       {"\xff\xfe", "a\0b", "'\\", "b'\\777'", "1..2", "...", "{:}", "[,]", "a.b.(c)", "\"\n\""}) {
    EXPECT_FALSE(compile(text, names)) << text;
  }
}

}  // namespace
}  // namespace stellwerk::policy::expression
