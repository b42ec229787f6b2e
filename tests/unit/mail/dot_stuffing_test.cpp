#include "mail/dot_stuffing.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::mail {
namespace {

using namespace std::literals;

std::string stuffed(std::string_view content) {
  std::string out;
  append_stuffed(out, content);
  return out;
}

struct reading {
  bool complete;
  framing_fault fault;
  std::size_t consumed;
  std::string content;
};

reading read_in_pieces(std::string_view wire, std::size_t piece, std::size_t size_max = 1U << 20) {
  data_reader reader{size_max};
  std::size_t consumed = 0;
  while (consumed < wire.size() && !reader.complete()) consumed += reader.feed(wire.substr(consumed, piece));
  return {reader.complete(), reader.fault(), consumed, reader.take_content()};
}

TEST(append_stuffed, dots_at_line_starts_are_doubled) {  // P-011
  EXPECT_EQ(stuffed(""), ".\r\n");
  EXPECT_EQ(stuffed("a\r\n"), "a\r\n.\r\n");
  EXPECT_EQ(stuffed("a"), "a\r\n.\r\n");
  EXPECT_EQ(stuffed(".\r\n..\r\n.x\r\n..x\r\nx.y\r\n"), "..\r\n...\r\n..x\r\n...x\r\nx.y\r\n.\r\n");
  EXPECT_EQ(stuffed("."), "..\r\n.\r\n");
}

TEST(stuffed_pieces, joined_they_are_the_stuffed_content) {
  const std::string content = ".a\r\nb.c\r\n.\r\nlong line\r\n..";
  std::string joined;
  for (const auto piece : stuffed_pieces(content)) joined += piece;
  EXPECT_EQ(joined, stuffed(content));
  EXPECT_EQ(stuffed_pieces("no dots\r\n").size(), 2U);
}

TEST(data_reader, reads_back_what_was_stuffed_in_any_split) {  // P-011, P-012
  for (const std::string content :
       {"", "\r\n", ".\r\n", "..\r\n.x\r\n..x\r\n", "a\r\n.\r\n\r\n.\r\nb\r\n", "\r\n\r\n.\r\n"}) {
    const std::string wire = stuffed(content) + "NOOP\r\n";
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
      const reading r = read_in_pieces(wire, piece);
      ASSERT_TRUE(r.complete);
      EXPECT_EQ(r.fault, framing_fault::none);
      EXPECT_EQ(r.content, content);
      EXPECT_EQ(wire.substr(r.consumed), "NOOP\r\n");
    }
  }
}

TEST(data_reader, no_false_end_ends_a_message) {  // P-001 to P-006
  const std::string_view false_ends[] = {"\n.\n",         "\n.\r\n",       "\r\n.\n",   "\r.\r",
                                         "\r.\n",         "\n.\r",         "\r.\r\n",   "\r\n.\r",
                                         "\r\n\0.\r\n"sv, "\r\n.\0\r\n"sv, "\r\r\n.\r", "\n\n.\n"};
  for (const auto false_end : false_ends) {
    const std::string wire = "Subject: a\r\n\r\nbody" + std::string{false_end} +
                             "MAIL FROM:<evil@x.ex>\r\nRCPT TO:<b@y.ex>\r\nDATA\r\nSubject: b\r\n\r\nsmuggled\r\n.\r\n";
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
      const reading r = read_in_pieces(wire, piece);
      ASSERT_TRUE(r.complete);
      EXPECT_EQ(r.consumed, wire.size());
      EXPECT_NE(r.fault, framing_fault::none);
      EXPECT_NE(r.fault, framing_fault::too_large);
      EXPECT_TRUE(r.content.empty());
    }
  }
}

TEST(data_reader, faults_have_their_names_in_any_split) {
  const std::pair<std::string, framing_fault> cases[] = {
      {"a\nb\r\n", framing_fault::bare_lf},
      {"\n", framing_fault::bare_lf},
      {".\n", framing_fault::bare_lf},
      {"a\rb\r\n", framing_fault::bare_cr},
      {"\rb\r\n", framing_fault::bare_cr},
      {".\rb\r\n", framing_fault::bare_cr},
      {"a\r\r\n", framing_fault::bare_cr},
      {"a\0b\r\n"s, framing_fault::nul},
      {".\0\r\n"s, framing_fault::nul},
      {std::string(999, 'x') + "\r\n", framing_fault::line_too_long},
      {"." + std::string(999, 'x') + "\r\n", framing_fault::line_too_long}};
  for (const auto& [body, fault] : cases) {
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 4096U}) {
      const reading r = read_in_pieces(body + "\r\n.\r\n", piece);
      EXPECT_TRUE(r.complete);
      EXPECT_EQ(r.fault, fault) << body;
    }
  }
}

TEST(data_reader, a_line_holds_998_octets_beside_its_stuffing) {  // P-050
  for (const std::size_t piece : {1U, 3U, 500U, 4096U}) {
    EXPECT_EQ(read_in_pieces(std::string(998, 'x') + "\r\n.\r\n", piece).fault, framing_fault::none);
    EXPECT_EQ(read_in_pieces(".." + std::string(997, 'x') + "\r\n.\r\n", piece).fault, framing_fault::none);
  }
  const reading r = read_in_pieces(std::string(1'000'000, 'x') + "\r\n.\r\n", 65'536);
  EXPECT_EQ(r.fault, framing_fault::line_too_long);
  EXPECT_TRUE(r.complete);
}

TEST(data_reader, too_large_is_consumed_to_its_end) {  // P-048
  std::string body;
  while (body.size() < 100'000) body += "a line of text that says little\r\n";
  const std::string wire = body + ".\r\nNOOP\r\n";
  for (const std::size_t piece : {1U, 17U, 8192U, 200'000U}) {
    const reading r = read_in_pieces(wire, piece, 50'000);
    EXPECT_TRUE(r.complete);
    EXPECT_EQ(r.fault, framing_fault::too_large);
    EXPECT_EQ(wire.substr(r.consumed), "NOOP\r\n");
    EXPECT_EQ(read_in_pieces(wire, piece, body.size()).fault, framing_fault::none);
    EXPECT_EQ(read_in_pieces(wire, piece, body.size() - 1).fault, framing_fault::too_large);
  }
}

TEST(data_reader, a_lying_size_declaration_costs_little) {
  data_reader reader{std::size_t{1} << 40};
  reader.expect(std::size_t{1} << 39);
  EXPECT_EQ(reader.feed("a\r\n.\r\n"), 6U);
  const std::string content = reader.take_content();
  EXPECT_EQ(content, "a\r\n");
  EXPECT_LE(content.capacity(), std::size_t{2} << 20);
}

// The plain definition: what a reader with the whole input at hand would do.
reading reference(std::string_view wire) {
  const auto end = wire.starts_with(".\r\n") ? 0 : wire.find("\r\n.\r\n");
  if (end == std::string_view::npos) return {false, framing_fault::none, wire.size(), {}};
  const std::size_t content_end = end == 0 && wire.starts_with(".\r\n") ? 0 : end + 2;
  std::string content;
  for (std::size_t at = 0; at < content_end; ++at) {
    const bool line_start = at == 0 || (at >= 2 && wire.substr(at - 2, 2) == "\r\n");
    if (!(line_start && wire[at] == '.')) content += wire[at];
  }
  return {true, check_framing(content), content_end + 3, content};
}

TEST(data_reader, agrees_with_the_plain_definition_on_random_input) {
  seeded_random random{7};
  const std::string_view pieces[] = {".", "\r", "\n", "\r\n", "\r\n.", "\r\n.\r\n", "x", "..", "\0"sv};
  for (int round = 0; round < 20'000; ++round) {
    std::string wire;
    for (auto left = random.below(12); left > 0; --left) {
      // NUL, bare CR and bare LF are rarer, so that good inputs are met as well.
      wire += pieces[random.below(4) == 0 ? random.below(9) : 3 + random.below(5)];
    }
    const reading expected = reference(wire);
    const reading got = read_in_pieces(wire, 1 + random.below(5));
    ASSERT_EQ(got.complete, expected.complete) << testing::PrintToString(wire);
    ASSERT_EQ(got.consumed, expected.consumed) << testing::PrintToString(wire);
    if (!expected.complete) continue;
    ASSERT_EQ(got.fault == framing_fault::none, expected.fault == framing_fault::none) << testing::PrintToString(wire);
    if (got.fault == framing_fault::none) {
      ASSERT_EQ(got.content, expected.content) << testing::PrintToString(wire);
    }
  }
}

}  // namespace
}  // namespace stellwerk::mail
