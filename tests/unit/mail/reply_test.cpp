#include "mail/reply.hpp"

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

using state = reply_parser::state;

state parse(std::string_view text) {
  reply_parser parser;
  static_cast<void>(parser.feed(text));
  return parser.current();
}

TEST(reply_parser, one_line_with_enhanced_status) {
  reply_parser parser;
  EXPECT_EQ(parser.feed("550 5.1.1 no such user\r\n250 next"), 24U);
  ASSERT_TRUE(parser.complete());
  const reply r = parser.take();
  EXPECT_EQ(r.code, 550);
  EXPECT_EQ(r.status, (enhanced_status{5, 1, 1}));
  EXPECT_EQ(r.lines, std::vector<std::string>{"no such user"});
  EXPECT_TRUE(r.is_permanent());
  EXPECT_EQ(r.to_string(), "550 5.1.1 no such user");
  EXPECT_FALSE(parser.started());
}

TEST(reply_parser, many_lines_in_any_split) {
  const std::string text = "250-mx.example\r\n250-SIZE 1000\r\n250-\r\n250 PIPELINING\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    reply_parser parser;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const auto part = std::string_view{text}.substr(at, piece);
      EXPECT_EQ(parser.feed(part), part.size());
      EXPECT_EQ(parser.complete(), at + piece >= text.size());
    }
    EXPECT_EQ(parser.take().lines, (std::vector<std::string>{"mx.example", "SIZE 1000", "", "PIPELINING"}));
  }
}

TEST(reply_parser, status_of_another_class_stays_text) {
  reply_parser parser;
  static_cast<void>(parser.feed("250-4.1.1 odd\r\n250 5.1.1x\r\n"));
  const reply r = parser.take();
  EXPECT_FALSE(r.status);
  EXPECT_EQ(r.lines[0], "4.1.1 odd");
}

TEST(reply_parser, a_bare_code_is_a_reply) {
  reply_parser parser;
  static_cast<void>(parser.feed("221\r\n"));
  ASSERT_TRUE(parser.complete());
  EXPECT_EQ(parser.take().lines, std::vector<std::string>{""});
}

TEST(reply_parser, malformed_replies_end_it) {  // P-199
  using namespace std::literals;
  for (const auto bad :
       {"850 x\r\n"sv, "199 x\r\n"sv, "hello\r\n"sv, "\r\n"sv, "25\r\n"sv, "250 x\n"sv, "250x\r\n"sv, "250 a\0b\r\n"sv,
        "250 a\rb\r\n"sv, "250-a\r\n251 b\r\n"sv, "250-a\r\nb\r\n"sv, " 250 a\r\n"sv, "2 50 a\r\n"sv}) {
    EXPECT_EQ(parse(bad), state::malformed) << bad;
  }
}

TEST(reply_parser, lines_and_length_are_bounded) {
  std::string lines;
  for (int i = 0; i < 99; ++i) lines += "250-x\r\n";
  EXPECT_EQ(parse(lines + "250 x\r\n"), state::complete);
  EXPECT_EQ(parse(lines + "250-x\r\n250 x\r\n"), state::malformed);
  EXPECT_EQ(parse("250 " + std::string(2'042, 'x') + "\r\n"), state::complete);
  EXPECT_EQ(parse("250 " + std::string(2'043, 'x') + "\r\n"), state::malformed);
  EXPECT_EQ(parse(std::string(1'000'000, '2')), state::malformed);
}

TEST(format_reply, same_code_and_status_on_each_line) {
  reply r = make_reply(550, {5, 7, 1}, "first");
  r.lines.push_back("second");
  EXPECT_EQ(format_reply(r), "550-5.7.1 first\r\n550 5.7.1 second\r\n");
  EXPECT_EQ(format_reply(make_reply(354, "go ahead")), "354 go ahead\r\n");
  EXPECT_EQ(format_reply(make_reply(250, "")), "250 \r\n");
}

TEST(format_reply, foreign_text_cannot_break_out) {  // I5
  const std::string out = format_reply(make_reply(550, {5, 0, 0}, std::string{"a\r\n250 ok\0\xff\x1b[31m", 16}));
  EXPECT_EQ(out, "550 5.0.0 a 250 ok???[31m\r\n");
}

TEST(format_reply, lines_hold_512_octets) {
  const std::string out = format_reply(make_reply(250, {2, 0, 0}, std::string(2'000, 'x')));
  std::size_t lines = 0;
  for (std::size_t at = 0; at < out.size(); ++lines) {
    const auto end = out.find("\r\n", at) + 2;
    EXPECT_LE(end - at, reply_line_octets_sent);
    EXPECT_EQ(out.substr(at, 3), "250");
    at = end;
  }
  EXPECT_EQ(lines, 4U);
  EXPECT_EQ(parse(out), state::complete);
}

}  // namespace
}  // namespace stellwerk::mail
