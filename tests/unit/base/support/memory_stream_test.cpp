#include "tests/support/memory_stream.hpp"

#include <gtest/gtest.h>

#include "base/async/task_group.hpp"
#include "base/net/tls.hpp"
#include "tests/support/memory_connector.hpp"
#include "tests/support/run_for_test.hpp"
#include "tests/support/script_peer.hpp"

namespace stellwerk::test {
namespace {

using std::chrono::seconds;

async::awaitable<std::string> read_until_error(net::stream& from) {
  std::string got;
  for (;;) {
    std::array<char, 64> buffer;
    const std::span<char> space{buffer};
    const result<std::size_t> size = co_await from.read_some(space);
    if (!size) co_return got + '|' + size.error().code.message();
    got.append(buffer.data(), *size);
  }
}

async::awaitable<void> keep_result(async::awaitable<result<void>> operation, std::string& into) {
  const result<void> outcome = co_await std::move(operation);
  into = outcome ? "ok" : outcome.error().message();
}

struct memory_stream_test : testing::Test {
  void faults(memory_faults wanted) { ends.first->set_write_faults(wanted); }
  void turn() {
    context.restart();
    context.poll();
  }

  async::io_context context;
  manual_clock clock;
  manual_timers time{clock};
  memory_pair ends = make_memory_pair(context, time);
  async::task_group group{context.get_executor(), nullptr};
  std::string outcome = "pending";
};

TEST_F(memory_stream_test, a_close_lets_the_peer_read_what_was_written) {
  EXPECT_TRUE(run_for_test(context, ends.first->write_one("all of it")));
  ends.first->close();
  EXPECT_EQ(run_for_test(context, read_until_error(*ends.second)), "all of it|connection closed");
  EXPECT_FALSE(run_for_test(context, ends.second->write_one("x")));
}

TEST_F(memory_stream_test, a_close_after_n_bytes_cuts_exactly_there) {
  memory_faults wanted;
  wanted.close_after = 4;
  faults(wanted);
  EXPECT_TRUE(run_for_test(context, ends.first->write_one("ab")));
  EXPECT_FALSE(run_for_test(context, ends.first->write_one("cdef")));
  EXPECT_EQ(run_for_test(context, read_until_error(*ends.second)), "abcd|connection closed");
  EXPECT_EQ(run_for_test(context, read_until_error(*ends.first)), "|connection closed");
}

TEST_F(memory_stream_test, a_reset_after_n_bytes_loses_what_was_not_read) {
  memory_faults wanted;
  wanted.reset_after = 3;
  faults(wanted);
  EXPECT_FALSE(run_for_test(context, ends.first->write_one("abcdef")));
  EXPECT_EQ(run_for_test(context, read_until_error(*ends.second)), "|Connection reset by peer");
}

TEST_F(memory_stream_test, a_stall_ends_the_write_at_its_deadline) {
  memory_faults wanted;
  wanted.stall_after = 3;
  faults(wanted);
  ends.first->expires_at(clock.steady() + seconds{30});
  group.spawn("write", keep_result(ends.first->write_one("abcdef"), outcome));
  time.advance(context, seconds{29});
  EXPECT_EQ(outcome, "pending");
  time.advance(context, seconds{2});
  EXPECT_EQ(outcome, "net.write: timed out");
  ends.first->close();
  EXPECT_EQ(run_for_test(context, read_until_error(*ends.second)), "abc|connection closed");
}

TEST_F(memory_stream_test, a_read_ends_at_its_deadline_on_the_clock_of_the_test) {
  std::optional<std::string> got;
  ends.second->expires_at(clock.steady() + seconds{300});
  group.spawn("read", detail::keep_value(read_until_error(*ends.second), got));
  time.advance(context, seconds{299});
  EXPECT_FALSE(got);
  time.advance(context, seconds{2});
  turn();
  EXPECT_EQ(*got, "|timed out");
}

TEST_F(memory_stream_test, a_handshake_needs_both_sides_and_no_clear_text) {
  const auto settings = *net::make_client_tls({});
  group.spawn("server", keep_result(ends.second->handshake_server(*settings), outcome));
  turn();
  EXPECT_EQ(outcome, "pending");
  EXPECT_TRUE(run_for_test(context, ends.first->handshake_client(*settings, "mx.example")));
  turn();
  EXPECT_EQ(outcome, "ok");
  EXPECT_EQ(ends.second->server_name(), "mx.example");
  EXPECT_TRUE(ends.first->tls() && ends.second->tls());
  memory_pair others = make_memory_pair(context, time);
  EXPECT_TRUE(run_for_test(context, others.first->write_one("EHLO injected\r\n")));
  EXPECT_FALSE(run_for_test(context, others.second->handshake_server(*settings)));
}

TEST_F(memory_stream_test, a_script_that_is_met_has_no_failure) {
  script_peer peer{std::move(ends.second)};
  peer.send("220 mx\r\n").line_starting("EHLO ").send("250 mx\r\n").data().send("250 taken\r\n").expect_close();
  group.spawn("peer", peer.run());
  EXPECT_TRUE(run_for_test(context, ends.first->write_one("EHLO a\r\nSubject: x\r\n\r\nbody\r\n.\r\n")));
  turn();
  EXPECT_FALSE(peer.finished());
  ends.first->close();
  turn();
  EXPECT_TRUE(peer.finished());
  EXPECT_EQ(peer.failure(), "");
  EXPECT_EQ(peer.last_data(), "Subject: x\r\n\r\nbody\r\n.\r\n");
  EXPECT_EQ(peer.lines(), std::vector<std::string>{"EHLO a"});
}

TEST_F(memory_stream_test, a_script_tells_the_step_that_was_not_met) {
  script_peer peer{std::move(ends.second)};
  peer.line("NOOP").send("250 ok\r\n").line("QUIT");
  group.spawn("peer", peer.run());
  EXPECT_TRUE(run_for_test(context, ends.first->write_one("NOOP\r\nRSET\r\n")));
  EXPECT_EQ(run_for_test(context, read_until_error(*ends.first)), "250 ok\r\n|connection closed");
  EXPECT_EQ(peer.failure(), "step 3: expected the line \"QUIT\", got \"RSET\"");
  EXPECT_FALSE(peer.finished());
}

TEST_F(memory_stream_test, a_script_tells_that_the_other_side_went_away) {
  script_peer peer{std::move(ends.second)};
  peer.line("QUIT");
  group.spawn("peer", peer.run());
  EXPECT_TRUE(run_for_test(context, ends.first->write_one("QU")));
  ends.first->close();
  turn();
  EXPECT_EQ(peer.failure(), "step 1: expected the line \"QUIT\", got the end after \"QU\"");
}

TEST_F(memory_stream_test, timers_fire_in_the_order_of_time_and_may_set_others) {
  std::vector<long> fired;
  const steady_point start = clock.steady();
  const auto note = [&] { fired.push_back(std::chrono::duration_cast<seconds>(clock.steady() - start).count()); };
  (void)time.call_at(start + seconds{3}, note);
  (void)time.call_at(start + seconds{1}, [&] {
    note();
    (void)time.call_at(start + seconds{2}, note);
  });
  const timers::id dropped = time.call_at(start + seconds{2}, note);
  time.cancel(dropped);
  time.advance(context, seconds{5});
  EXPECT_EQ(fired, (std::vector<long>{1, 2, 3}));
  EXPECT_EQ(clock.steady() - start, seconds{5});
}

TEST_F(memory_stream_test, a_connector_knows_only_what_it_was_told) {
  memory_connector network{context, time};
  net::connect_options options;
  options.deadline = clock.steady() + seconds{5};
  const auto refused = run_for_test(context, network.connect("mx.example", 25, options));
  EXPECT_EQ(refused.error().code, boost::system::errc::connection_refused);
  std::unique_ptr<memory_stream> far_end;
  network.listen("mx.example", 25, [&far_end](std::unique_ptr<memory_stream> made) { far_end = std::move(made); });
  const auto made = run_for_test(context, network.connect("mx.example", 25, options));
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->peer().to_string(), "mx.example:25");
  EXPECT_TRUE(run_for_test(context, far_end->write_one("220\r\n")));
  EXPECT_EQ(network.connects(), 2);
}

}  // namespace
}  // namespace stellwerk::test
