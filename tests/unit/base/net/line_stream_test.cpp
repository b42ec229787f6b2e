#include "base/net/line_stream.hpp"

#include <gtest/gtest.h>

#include "base/async/task_group.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_for_test.hpp"

namespace stellwerk::net {
namespace {

struct line_stream_test : testing::Test {
  void sends(std::string_view bytes) { ASSERT_TRUE(test::run_for_test(context, ends.second->write_one(bytes))); }
  result<std::string> line(std::size_t limit = 1000) {
    const result<std::string_view> got = test::run_for_test(context, reader.read_line(limit));
    if (!got) return got.error();
    return std::string{*got};
  }

  async::io_context context;
  manual_clock clock;
  test::manual_timers time{clock};
  test::memory_pair ends = test::make_memory_pair(context, time);
  line_stream reader{*ends.first};
};

TEST_F(line_stream_test, lines_come_one_by_one) {
  sends("EHLO a\r\nMAIL FROM:<>\r\nRCPT");
  EXPECT_EQ(*line(), "EHLO a");
  EXPECT_TRUE(reader.has_line());
  EXPECT_EQ(*line(), "MAIL FROM:<>");
  EXPECT_FALSE(reader.has_line());
  EXPECT_EQ(reader.buffered(), "RCPT");
  sends(" TO:<b@c>\r\n");
  EXPECT_EQ(*line(), "RCPT TO:<b@c>");
  EXPECT_EQ(reader.buffered(), "");
}

TEST_F(line_stream_test, the_ending_is_told) {
  sends("one\r\ntwo\n\rthree\r\n\n");
  EXPECT_EQ(*line(), "one");
  EXPECT_EQ(reader.last_ending(), line_ending::crlf);
  EXPECT_EQ(*line(), "two");
  EXPECT_EQ(reader.last_ending(), line_ending::lf);
  EXPECT_EQ(*line(), "\rthree");
  EXPECT_EQ(reader.last_ending(), line_ending::crlf);
  EXPECT_EQ(*line(), "");
  EXPECT_EQ(reader.last_ending(), line_ending::lf);
}

TEST_F(line_stream_test, every_cut_between_two_reads_gives_the_same_lines) {
  test::memory_faults one_by_one;
  one_by_one.chunk_max = 1;
  ends.second->set_write_faults(one_by_one);
  sends("220 mx ready\r\n250 ok\r\n");
  EXPECT_EQ(*line(), "220 mx ready");
  EXPECT_EQ(*line(), "250 ok");
}

TEST_F(line_stream_test, a_line_too_long_is_dropped_to_its_end_and_the_next_one_is_whole) {
  sends(std::string(600, 'x') + "\r\nNOOP\r\n");
  EXPECT_TRUE(line(512).error().is(errc::line_too_long));
  EXPECT_EQ(*line(512), "NOOP");
}

TEST_F(line_stream_test, an_endless_line_needs_no_memory) {
  for (int i = 0; i < 50; ++i) sends(std::string(100'000, 'x'));
  sends("\r\nNOOP\r\n");
  EXPECT_TRUE(line(512).error().is(errc::line_too_long));
  EXPECT_EQ(*line(512), "NOOP");
  EXPECT_EQ(reader.buffered(), "");
}

TEST_F(line_stream_test, the_limit_counts_the_ending) {
  sends("12345678\r\n123456789\r\n");
  EXPECT_EQ(*line(10), "12345678");
  EXPECT_TRUE(line(10).error().is(errc::line_too_long));
}

TEST_F(line_stream_test, a_line_longer_than_the_first_buffer_is_whole) {
  const std::string text(30'000, 'y');
  sends(text + "\r\nafter\r\n");
  EXPECT_TRUE(*line(64'000) == text);
  EXPECT_EQ(*line(), "after");
}

TEST_F(line_stream_test, raw_bytes_and_lines_may_alternate) {
  sends("DATA\r\nbody\r\n.\r\nQUIT\r\n");
  EXPECT_EQ(*line(), "DATA");
  EXPECT_TRUE(reader.buffered().starts_with("body\r\n.\r\n"));
  reader.consume(9);
  EXPECT_EQ(*line(), "QUIT");
  sends("more");
  EXPECT_TRUE(test::run_for_test(context, reader.fill()));
  EXPECT_EQ(reader.buffered(), "more");
  reader.drop_buffered();
  EXPECT_EQ(reader.buffered(), "");
}

TEST_F(line_stream_test, an_end_inside_a_line_is_closed) {
  sends("QUI");
  ends.second->close();
  EXPECT_TRUE(line().error().is(errc::closed));
  EXPECT_EQ(reader.buffered(), "QUI");
}

}  // namespace
}  // namespace stellwerk::net
