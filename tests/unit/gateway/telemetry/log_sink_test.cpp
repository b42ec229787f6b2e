// Lines on their way out: whole and in order, and never at the cost of who writes them.
#include "gateway/telemetry/log_sink.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace stellwerk::telemetry {
namespace {

class log_sink_test : public ::testing::Test {
 protected:
  log_sink_test() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe(pipe_.data()), 0);
  }
  ~log_sink_test() override {
    close_reader();
    ::close(pipe_[1]);
  }
  void close_reader() {
    if (pipe_[0] >= 0) ::close(pipe_[0]);
    pipe_[0] = -1;
  }
  static void fill(log_sink& sink, log_level level, std::size_t bytes) {
    const std::string text(400, 'x');
    for (std::size_t written = 0; written < bytes; written += text.size()) {
      const log_field field{"text", text};
      sink.write(level, "line", {&field, 1});
    }
  }
  [[nodiscard]] std::uint64_t dropped() const { return cell_.load(); }

  std::array<int, 2> pipe_{-1, -1};
  manual_clock clock_;
  std::atomic<std::uint64_t> cell_{0};
};

TEST_F(log_sink_test, what_was_written_comes_out_whole_and_in_order) {
  {
    log_sink sink{pipe_[1], clock_, log_level::info, counter{cell_}};
    for (int i = 0; i < 20; ++i) sink.info("line", {{"number", i}});
    sink.debug("not asked for");
  }
  std::string out(64 << 10, '\0');
  const ssize_t n = ::read(pipe_[0], out.data(), out.size());
  ASSERT_GT(n, 0);
  out.resize(static_cast<std::size_t>(n));
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = out.find("\"number\":" + std::to_string(i) + "}\n", at);
    ASSERT_NE(at, std::string::npos) << i << " in " << out;
  }
  EXPECT_EQ(out.find("not asked for"), std::string::npos);
  EXPECT_EQ(dropped(), 0U);
}

// A second for each warning would be hours of it here: who writes is the thread that decides about all mail.
TEST_F(log_sink_test, a_target_that_nobody_reads_holds_nobody_up_and_what_is_dropped_is_counted) {
  log_sink sink{pipe_[1], clock_, log_level::info, counter{cell_}};
  fill(sink, log_level::error, 3 * log_sink::pending_bytes_max);
  EXPECT_GT(dropped(), log_sink::pending_bytes_max / 500);
}

TEST_F(log_sink_test, there_is_room_for_warnings_when_there_is_none_for_the_rest) {
  log_sink sink{pipe_[1], clock_, log_level::info, counter{cell_}};
  fill(sink, log_level::info, 2 * log_sink::pending_bytes_max);
  const std::uint64_t before = dropped();
  EXPECT_GT(before, 0U);
  fill(sink, log_level::warning, 100'000);
  EXPECT_EQ(dropped(), before);
}

TEST_F(log_sink_test, lines_for_a_target_that_is_gone_are_counted) {
  close_reader();
  {
    log_sink sink{pipe_[1], clock_, log_level::info, counter{cell_}};
    fill(sink, log_level::info, 4000);
  }
  EXPECT_EQ(dropped(), 10U);
}

}  // namespace
}  // namespace stellwerk::telemetry
