#include "base/net/stream.hpp"

#include <gtest/gtest.h>

#include "base/async/task_group.hpp"
#include "base/net/listener.hpp"
#include "base/net/tcp_connector.hpp"
#include "base/net/tls.hpp"
#include "tests/support/run_for_test.hpp"
#include "tests/support/test_certificates.hpp"

namespace stellwerk::net {
namespace {

using std::chrono::milliseconds;
using stream_pair = std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>>;

steady_point in(milliseconds by) { return std::chrono::steady_clock::now() + by; }

connect_options within(milliseconds limit) {
  connect_options options;
  options.deadline = in(limit);
  return options;
}

async::awaitable<result<std::string>> read_exactly(stream& from, std::size_t size) {
  std::string got(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const std::span<char> rest{got.data() + have, size - have};
    const result<std::size_t> read = co_await from.read_some(rest);
    if (!read) co_return read.error();
    have += *read;
  }
  co_return got;
}

async::awaitable<void> write_all_of(stream& to, std::string_view bytes, result<void>& outcome) {
  outcome = co_await to.write_one(bytes);
}

async::awaitable<void> handshake_as_server(stream& on, const tls_context& context, result<void>& outcome) {
  outcome = co_await on.handshake_server(context);
}

struct socket_stream_test : testing::Test {
  stream_pair connect() {
    std::unique_ptr<stream> accepted;
    listener door{context.get_executor(), [&accepted](std::unique_ptr<stream> made) { accepted = std::move(made); },
                  nullptr};
    const endpoint_address at = *door.open({"127.0.0.1", 0});
    door.start();
    auto connected = test::run_for_test(context, outside.connect("127.0.0.1", at.port, within(milliseconds{5000})));
    EXPECT_TRUE(connected) << connected.error().message();
    EXPECT_TRUE(test::run_until(context, [&accepted] { return accepted != nullptr; }));
    (*connected)->expires_at(in(milliseconds{10000}));
    accepted->expires_at(in(milliseconds{10000}));
    return {std::move(*connected), std::move(accepted)};
  }

  // Client outcome; the server's is left in server_outcome.
  result<void> handshake(stream_pair& ends, const tls_context& server, const tls_context& client, std::string name) {
    tasks.spawn("server", handshake_as_server(*ends.second, server, server_outcome));
    const result<void> outcome = test::run_for_test(context, ends.first->handshake_client(client, std::move(name)));
    EXPECT_TRUE(test::run_until(context, [this] { return tasks.size() == 0; }));
    return outcome;
  }

  void expect_transfer(stream& from, stream& to, std::size_t size) {
    std::string sent(size, '\0');
    for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<char>(i * 31 >> 3);
    result<void> written{error{errc::cancelled, "test"}};
    tasks.spawn("writer", write_all_of(from, sent, written));
    const result<std::string> got = test::run_for_test(context, read_exactly(to, size));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_TRUE(*got == sent);
    EXPECT_TRUE(test::run_until(context, [this] { return tasks.size() == 0; }));
    EXPECT_TRUE(written);
  }

  async::io_context context{1};
  system_clock time;
  async::blocking_pool pool{1, 16, "test"};
  resolver names{context.get_executor(), pool, time};
  tcp_connector outside{context.get_executor(), names};
  async::task_group tasks{context.get_executor(), nullptr};
  result<void> server_outcome;
};

TEST_F(socket_stream_test, knows_both_addresses) {
  const stream_pair ends = connect();
  EXPECT_EQ(ends.first->peer(), ends.second->local());
  EXPECT_EQ(ends.first->local(), ends.second->peer());
  EXPECT_EQ(ends.second->local().ip, "127.0.0.1");
  EXPECT_FALSE(ends.first->tls());
}

TEST_F(socket_stream_test, gathers_parts_in_order) {
  const stream_pair ends = connect();
  const std::vector<std::string_view> parts{"", "250-mx", "", "\r\n", std::string_view{"250 PIPELINING\r\n"}, ""};
  EXPECT_TRUE(test::run_for_test(context, ends.first->write_all(parts)));
  EXPECT_EQ(*test::run_for_test(context, read_exactly(*ends.second, 24)), "250-mx\r\n250 PIPELINING\r\n");
}

TEST_F(socket_stream_test, gathers_more_parts_than_one_system_call_takes) {
  const stream_pair ends = connect();
  const std::vector<std::string_view> parts(100, "ab");
  EXPECT_TRUE(test::run_for_test(context, ends.first->write_all(parts)));
  const auto got = test::run_for_test(context, read_exactly(*ends.second, 200));
  EXPECT_EQ(std::count(got->begin(), got->end(), 'b'), 100);
}

TEST_F(socket_stream_test, carries_more_than_the_kernel_buffers) {
  const stream_pair ends = connect();
  expect_transfer(*ends.first, *ends.second, 12'000'000);
}

TEST_F(socket_stream_test, the_end_of_the_peer_is_told_as_closed) {
  const stream_pair ends = connect();
  EXPECT_FALSE(ends.second->readable_or_closed());
  EXPECT_TRUE(test::run_for_test(context, ends.first->write_one("bye")));
  EXPECT_TRUE(test::run_until(context, [&ends] { return ends.second->readable_or_closed(); }));
  ends.first->close();
  EXPECT_EQ(*test::run_for_test(context, read_exactly(*ends.second, 3)), "bye");
  EXPECT_TRUE(test::run_until(context, [&ends] { return ends.second->readable_or_closed(); }));
  const auto end = test::run_for_test(context, read_exactly(*ends.second, 1));
  ASSERT_FALSE(end);
  EXPECT_TRUE(end.error().is(errc::closed));
}

TEST_F(socket_stream_test, a_reply_before_the_close_survives_unread_input) {
  const stream_pair ends = connect();
  EXPECT_TRUE(test::run_for_test(context, ends.first->write_one("pipelined commands nobody reads\r\n")));
  EXPECT_TRUE(test::run_until(context, [&ends] { return ends.second->readable_or_closed(); }));
  EXPECT_TRUE(test::run_for_test(context, ends.second->write_one("421 bye\r\n")));
  ends.second->close();
  EXPECT_EQ(*test::run_for_test(context, read_exactly(*ends.first, 9)), "421 bye\r\n");
}

TEST_F(socket_stream_test, a_read_that_passes_its_deadline_fails_and_a_farewell_may_follow) {
  const stream_pair ends = connect();
  ends.second->expires_at(in(milliseconds{30}));
  const auto late = test::run_for_test(context, read_exactly(*ends.second, 1));
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().is(errc::timed_out));
  EXPECT_FALSE(test::run_for_test(context, ends.second->write_one("too late")));
  ends.second->expires_at(in(milliseconds{5000}));
  EXPECT_TRUE(test::run_for_test(context, ends.second->write_one("421 timeout\r\n")));
  EXPECT_EQ(*test::run_for_test(context, read_exactly(*ends.first, 13)), "421 timeout\r\n");
}

TEST_F(socket_stream_test, a_deadline_moved_during_the_wait_counts) {
  const stream_pair ends = connect();
  ends.second->expires_at(in(milliseconds{20}));
  const auto started = std::chrono::steady_clock::now();
  boost::asio::basic_waitable_timer<std::chrono::steady_clock> later{context, milliseconds{5}};
  later.async_wait([&ends](boost::system::error_code) { ends.second->expires_at(in(milliseconds{100})); });
  EXPECT_FALSE(test::run_for_test(context, read_exactly(*ends.second, 1)));
  EXPECT_GE(std::chrono::steady_clock::now() - started, milliseconds{90});
  ends.second->expires_at(in(milliseconds{5000}));
  later.expires_after(milliseconds{5});
  later.async_wait([&ends](boost::system::error_code) { ends.second->expires_at(in(milliseconds{10})); });
  const auto sooner = test::run_for_test(context, read_exactly(*ends.second, 1), milliseconds{2000});
  EXPECT_TRUE(sooner.error().is(errc::timed_out));
}

TEST_F(socket_stream_test, a_write_nobody_reads_passes_its_deadline_and_nothing_may_follow) {
  const stream_pair ends = connect();
  ends.first->expires_at(in(milliseconds{50}));
  const std::string much(20'000'000, 'x');
  const result<void> written = test::run_for_test(context, ends.first->write_one(much));
  ASSERT_FALSE(written);
  EXPECT_TRUE(written.error().is(errc::timed_out));
  ends.first->expires_at(in(milliseconds{5000}));
  EXPECT_FALSE(test::run_for_test(context, ends.first->write_one("more")));
}

TEST_F(socket_stream_test, closing_ends_a_pending_read) {
  const stream_pair ends = connect();
  boost::asio::basic_waitable_timer<std::chrono::steady_clock> later{context, milliseconds{5}};
  later.async_wait([&ends](boost::system::error_code) { ends.second->close(); });
  const auto read = test::run_for_test(context, read_exactly(*ends.second, 1));
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().is(errc::closed));
}

TEST_F(socket_stream_test, a_stop_of_the_task_ends_a_pending_read) {
  const stream_pair ends = connect();
  std::optional<result<std::string>> got;
  tasks.spawn("reader", test::detail::keep_value(read_exactly(*ends.second, 1), got));
  context.poll();
  tasks.request_stop();
  EXPECT_TRUE(test::run_until(context, [&got] { return got.has_value(); }));
  EXPECT_TRUE(got->error().is(errc::cancelled));
}

TEST_F(socket_stream_test, a_refused_connection_tells_why) {
  listener door{context.get_executor(), [](std::unique_ptr<stream>) {}, nullptr};
  const endpoint_address at = *door.open({"127.0.0.1", 0});
  door.stop();
  const auto made = test::run_for_test(context, outside.connect("127.0.0.1", at.port, within(milliseconds{5000})));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, boost::system::errc::connection_refused);
}

struct tls_stream_test : socket_stream_test {
  std::shared_ptr<const tls_context> server_context(const std::string& name, const test::certificate_wish& wish,
                                                    bool ask_client = false) {
    const test::certificate_files files = authority.issue(name, wish);
    const auto made =
        make_server_tls({files.certificate, files.key, ask_client ? authority.ca_file() : ""}, time.now());
    EXPECT_TRUE(made) << made.error().message();
    return *made;
  }
  std::shared_ptr<const tls_context> verifying_client() const {
    return *make_client_tls({tls_verification::chain_and_name, authority.ca_file()});
  }

  test::test_certificates authority;
};

TEST_F(tls_stream_test, upgrades_in_place_and_carries_both_ways) {
  stream_pair ends = connect();
  EXPECT_TRUE(test::run_for_test(context, ends.second->write_one("220 go\r\n")));
  EXPECT_EQ(*test::run_for_test(context, read_exactly(*ends.first, 8)), "220 go\r\n");
  const auto server = server_context("server", {});
  const auto client = verifying_client();
  ASSERT_TRUE(handshake(ends, *server, *client, "localhost"));
  ASSERT_TRUE(server_outcome);
  EXPECT_EQ(ends.first->tls()->version, "TLSv1.3");
  EXPECT_EQ(ends.first->tls()->peer_subject, "CN=localhost");
  EXPECT_EQ(ends.first->tls()->peer_names, std::vector<std::string>{"localhost"});
  EXPECT_EQ(ends.second->tls()->peer_subject, "");
  expect_transfer(*ends.first, *ends.second, 3'000'000);
  expect_transfer(*ends.second, *ends.first, 3'000'000);
  EXPECT_FALSE(ends.first->readable_or_closed());
  ends.second->close();
  EXPECT_TRUE(test::run_until(context, [&ends] { return ends.first->readable_or_closed(); }));
  const auto end = test::run_for_test(context, read_exactly(*ends.first, 1));
  EXPECT_TRUE(end.error().is(errc::closed));
}

TEST_F(tls_stream_test, session_tickets_do_not_count_as_readable) {
  stream_pair ends = connect();
  const auto server = server_context("server", {});
  const auto client = verifying_client();
  ASSERT_TRUE(handshake(ends, *server, *client, "localhost"));
  std::this_thread::sleep_for(milliseconds{20});
  EXPECT_FALSE(ends.first->readable_or_closed());
  EXPECT_TRUE(test::run_for_test(context, ends.second->write_one("x")));
  EXPECT_TRUE(test::run_until(context, [&ends] { return ends.first->readable_or_closed(); }));
  EXPECT_EQ(*test::run_for_test(context, read_exactly(*ends.first, 1)), "x");
}

TEST_F(tls_stream_test, a_wrong_name_is_refused) {
  stream_pair ends = connect();
  const auto server = server_context("server", {});
  const auto client = verifying_client();
  const result<void> outcome = handshake(ends, *server, *client, "mx.example.com");
  ASSERT_FALSE(outcome);
  EXPECT_TRUE(outcome.error().is(errc::tls_failed));
  EXPECT_EQ(outcome.error().message(), "hostname mismatch: TLS failed");
  EXPECT_FALSE(server_outcome);
}

TEST_F(tls_stream_test, an_address_is_checked_against_the_certificate) {
  stream_pair ends = connect();
  const auto server = server_context("server", {});
  const auto client = verifying_client();
  EXPECT_TRUE(handshake(ends, *server, *client, "127.0.0.1"));
  stream_pair others = connect();
  EXPECT_FALSE(handshake(others, *server, *client, "127.0.0.2"));
}

TEST_F(tls_stream_test, an_unknown_authority_is_refused_unless_nobody_checks) {
  const test::test_certificates stranger;
  const test::certificate_files files = stranger.issue("server", {});
  const auto server = *make_server_tls({files.certificate, files.key, ""}, time.now());
  stream_pair ends = connect();
  const auto client = verifying_client();
  EXPECT_FALSE(handshake(ends, *server, *client, "localhost"));
  stream_pair others = connect();
  const auto careless = *make_client_tls({});
  EXPECT_TRUE(handshake(others, *server, *careless, "localhost"));
  EXPECT_EQ(others.first->tls()->peer_subject, "");
}

TEST_F(tls_stream_test, a_client_certificate_is_asked_for_checked_and_told) {
  test::certificate_wish wish;
  wish.common_name = "billing service";
  wish.dns_name = "billing.internal";
  const test::certificate_files own = authority.issue("billing", wish);
  const auto server = server_context("server", {}, true);
  const auto client =
      *make_client_tls({tls_verification::chain_and_name, authority.ca_file(), own.certificate, own.key});
  stream_pair ends = connect();
  ASSERT_TRUE(handshake(ends, *server, *client, "localhost"));
  EXPECT_EQ(ends.second->tls()->peer_subject, "CN=billing service");
  EXPECT_EQ(ends.second->tls()->peer_names, std::vector<std::string>{"billing.internal"});
  const auto nameless = verifying_client();
  stream_pair without = connect();
  ASSERT_TRUE(handshake(without, *server, *nameless, "localhost"));
  EXPECT_EQ(without.second->tls()->peer_subject, "");
}

TEST_F(tls_stream_test, a_client_certificate_of_a_stranger_is_refused) {
  const test::test_certificates stranger;
  const test::certificate_files own = stranger.issue("billing", {});
  const auto server = server_context("server", {}, true);
  const auto client =
      *make_client_tls({tls_verification::chain_and_name, authority.ca_file(), own.certificate, own.key});
  stream_pair ends = connect();
  handshake(ends, *server, *client, "localhost");  // TLS 1.3: the client is done before it hears
  EXPECT_FALSE(server_outcome);
}

TEST_F(tls_stream_test, clear_text_instead_of_a_handshake_fails) {
  stream_pair ends = connect();
  EXPECT_TRUE(test::run_for_test(context, ends.first->write_one("EHLO not.a.handshake\r\nMAIL FROM:<>\r\n")));
  const auto server = server_context("server", {});
  const result<void> outcome = test::run_for_test(context, ends.second->handshake_server(*server));
  ASSERT_FALSE(outcome);
  EXPECT_TRUE(outcome.error().is(errc::tls_failed));
}

TEST_F(tls_stream_test, a_handshake_has_a_deadline) {
  stream_pair ends = connect();
  ends.second->expires_at(in(milliseconds{30}));
  const auto server = server_context("server", {});
  const result<void> outcome = test::run_for_test(context, ends.second->handshake_server(*server));
  ASSERT_FALSE(outcome);
  EXPECT_TRUE(outcome.error().is(errc::timed_out));
}

TEST_F(tls_stream_test, small_and_large_parts_share_records) {
  stream_pair ends = connect();
  const auto server = server_context("server", {});
  const auto client = verifying_client();
  ASSERT_TRUE(handshake(ends, *server, *client, "localhost"));
  const std::string large(40'000, 'L');
  const std::vector<std::string_view> parts{"head", "er", large, "", "tail"};
  result<void> written;
  auto write = ends.second->write_all(parts);
  tasks.spawn("writer", [](async::awaitable<result<void>> operation) -> async::awaitable<void> {
    const result<void> ignored = co_await std::move(operation);
    EXPECT_TRUE(ignored);
  }(std::move(write)));
  const auto got = test::run_for_test(context, read_exactly(*ends.first, 40'010));
  EXPECT_TRUE(*got == "header" + large + "tail");
}

}  // namespace
}  // namespace stellwerk::net
