#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "policy/classify/signals.hpp"

namespace stellwerk::policy {
namespace {

signal_report judge(std::string_view subject, std::string_view text, std::string_view html = {},
                    std::uint64_t recipients = 1, std::vector<std::pair<std::string, std::string>> headers = {}) {
  signal_input input;
  input.header = [&](std::string_view name) -> std::optional<std::string> {
    for (const auto& [known, value] : headers) {
      if (known == name) return value;
    }
    return std::nullopt;
  };
  input.recipients = recipients;
  input.subject = subject;
  input.text = text;
  input.html = html;
  return evaluate_signals(input);
}

std::string word_of(const signal_report& report) {
  if (!report.stream) return "?";
  return *report.stream == mail::traffic_stream::marketing ? "M" : "T";
}

TEST(signals, corpus_of_bare_mail) {
  std::ifstream in{std::string{STELLWERK_SOURCE_DIR} + "/tests/unit/policy/classify/corpus.txt"};
  ASSERT_TRUE(in);
  std::map<std::string, std::map<std::string, int>> matrix;
  for (std::string line; std::getline(in, line);) {
    const auto parts = split(line, '|');
    if (line.starts_with('#') || parts.size() < 3) continue;
    const std::string expected{trim(parts[0])};
    const std::string_view text =
        std::string_view{line}.substr(static_cast<std::size_t>(parts[2].data() - line.data()));
    const std::string said = word_of(judge(trim(parts[1]), text));
    ++matrix[expected][said];
    EXPECT_FALSE(expected == "T" && said == "M") << line;
    EXPECT_FALSE(expected == "?" && said != "?") << line;
  }
  for (const auto& [expected, row] : matrix) {
    std::cout << expected << ":";
    for (const auto& [said, count] : row) std::cout << "  " << said << " " << count;
    std::cout << "\n";
  }
  const int marketing = matrix["M"]["M"] + matrix["M"]["T"] + matrix["M"]["?"];
  const int transactional = matrix["T"]["M"] + matrix["T"]["T"] + matrix["T"]["?"];
  EXPECT_GE(marketing, 14);
  EXPECT_GE(transactional, 30);
  EXPECT_LE(matrix["M"]["?"] + matrix["M"]["T"], marketing / 10);
  EXPECT_LE(matrix["T"]["?"], transactional / 10);
}

TEST(signals, html_is_read_as_text_is) {
  EXPECT_EQ(word_of(judge(
                "Aktion", "",
                "<style>p{}</style><p>20&nbsp;% Rabatt</p><a href=\"https://x.example/?utm_source=n\">Zum&nbsp;Shop</a>"
                "<p>Newsletter <a href=\"u\">abbestellen</a>, Impressum</p>")),
            "M");
  EXPECT_EQ(
      word_of(judge("Rechnung", "", "<p>Rechnungsnummer: 2026-1</p><p>Gesamtbetrag:&nbsp;119,00&nbsp;&euro;</p>")),
      "T");
}

TEST(signals, headers_of_bulk_mailers_are_enough) {
  EXPECT_EQ(word_of(judge("Hello", "Hello!", {}, 1, {{"list-unsubscribe", "<https://x/u>"}, {"list-id", "<n.x>"}})),
            "M");
  EXPECT_EQ(word_of(judge("Hello", "Hello!", {}, 1, {{"precedence", "Bulk"}, {"list-unsubscribe", "<https://x/u>"}})),
            "M");
  EXPECT_EQ(word_of(judge("Out of office", "I am away.", {}, 1, {{"auto-submitted", "auto-replied"}})), "T");
}

TEST(signals, every_one_is_named_once_and_shown_with_its_weight) {
  std::set<std::string_view> names;
  for (const signal_description& one : signal_table()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    EXPECT_GT(one.weight, 0);
    EXPECT_FALSE(one.looks_for.empty());
  }
  const auto report = judge("20 % Rabatt", "Jetzt shoppen. Abmelden.");
  double marketing = 0;
  for (const signal_hit& hit : report.hits)
    marketing += hit.what->points_to == mail::traffic_stream::marketing ? hit.what->weight : 0;
  EXPECT_DOUBLE_EQ(marketing, report.marketing);
}

TEST(signals, of_a_long_text_the_head_and_the_tail_are_read) {
  const std::string filler(1'000'000, 'x');
  const std::string offer = " 20 % Rabatt Newsletter abbestellen im Browser ansehen ";
  EXPECT_EQ(word_of(judge("Hallo", offer + filler)), "M");
  EXPECT_EQ(word_of(judge("Hallo", filler + offer)), "M");
  EXPECT_EQ(word_of(judge("Hallo", filler + offer + filler)), "?");
}

}  // namespace
}  // namespace stellwerk::policy
