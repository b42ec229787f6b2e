#include "base/net/http_server.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "base/net/http_client.hpp"
#include "base/net/tcp_connector.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_for_test.hpp"
#include "tests/support/test_certificates.hpp"

namespace stellwerk::net {
namespace {

using std::chrono::seconds;

// What a peer that writes `bytes` and then closes reads until the end.
async::awaitable<std::string> talk(stream& with, std::string bytes, bool close_after) {
  std::string got;
  const result<void> written = co_await with.write_one(bytes);
  if (!written) co_return got;
  for (;;) {
    std::array<char, 4096> buffer;
    const std::span<char> space{buffer};
    const result<std::size_t> size = co_await with.read_some(space);
    if (!size) co_return got;
    got.append(buffer.data(), *size);
    if (close_after && got.find("\r\n\r\n") != std::string::npos) co_return got;
  }
}

struct http_server_test : testing::Test {
  async::awaitable<http_response> answer(http_request request) {
    seen.push_back(request);
    if (request.path() == "/throw") throw std::runtime_error{"handler broke"};
    if (request.path() == "/wait") co_await gate.wait();
    http_response response;
    response.fields.push_back({"Content-Type", "text/plain"});
    if (request.path() == "/bad-field") response.fields.push_back({"X-Bad", "a\r\nb"});
    if (request.path() == "/empty") response.status = 204;
    response.body = request.method + ' ' + request.target + ' ' + request.body;
    co_return response;
  }

  http_server& server() {
    if (!server_) {
      server_ = std::make_unique<http_server>(
          context.get_executor(), clock, config, [this](http_request request) { return answer(std::move(request)); },
          [this](std::string_view name, std::string_view what) {
            died = std::string{name} + ": " + std::string{what};
          });
    }
    return *server_;
  }
  stream& connect() {
    test::memory_pair ends = test::make_memory_pair(context, time);
    server().serve(std::move(ends.second));
    connections.push_back(std::move(ends.first));
    return *connections.back();
  }
  // Everything the server says until it closes; the idle time-out ends a kept connection.
  std::string ask(std::string bytes) {
    stream& connection = connect();
    std::optional<std::string> got;
    asking.spawn("ask", test::detail::keep_value(talk(connection, std::move(bytes), false), got));
    time.advance(context, seconds{61});
    EXPECT_TRUE(test::run_until(context, [&got] { return got.has_value(); }));
    return std::move(*got);
  }
  static std::string status_of(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }

  ~http_server_test() override {
    connections.clear();
    if (server_) test::run_for_test(context, server_->drain(std::chrono::steady_clock::now() + seconds{5}));
  }

  async::io_context context;
  manual_clock clock;
  test::manual_timers time{clock};
  async::event gate{context.get_executor()};
  http_server_config config;
  std::vector<http_request> seen;
  std::string died;
  std::vector<std::unique_ptr<stream>> connections;
  async::task_group asking{context.get_executor(), nullptr};
  std::unique_ptr<http_server> server_;
};

TEST_F(http_server_test, answers_with_length_date_and_body) {
  const std::string got = ask("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(got,
            "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Type: text/plain\r\n"
            "Content-Length: 11\r\n\r\nGET /a?b=c ");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].path(), "/a");
  EXPECT_EQ(seen[0].peer_ip, "192.0.2.1");
  EXPECT_EQ(seen[0].field("host"), "x");
}

TEST_F(http_server_test, pipelined_requests_are_answered_in_order) {
  const std::string got = ask(
      "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcPOST /2 HTTP/1.1\r\nHost: x\r\n"
      "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].body, "abc");
  EXPECT_EQ(seen[1].body, "de");
  EXPECT_NE(got.find("Connection: close"), std::string::npos);
  EXPECT_LT(got.find("POST /1 abc"), got.find("POST /2 de"));
  EXPECT_LT(got.find("POST /2 de"), got.find("GET /3"));
}

TEST_F(http_server_test, http_1_0_closes_after_the_answer) {
  stream& connection = connect();
  const std::string got = test::run_for_test(context, talk(connection, "GET / HTTP/1.0\r\n\r\n", false));
  EXPECT_EQ(status_of(got), "HTTP/1.1 200 OK");
}

TEST_F(http_server_test, an_answer_to_head_and_a_204_have_no_body) {
  const std::string head = ask("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 8\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  const std::string empty = ask("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(empty), "HTTP/1.1 204 No Content");
  EXPECT_EQ(empty.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(empty.ends_with("\r\n\r\n"));
}

TEST_F(http_server_test, faulty_framing_is_refused_and_the_connection_closed) {
  const std::pair<const char*, const char*> cases[] = {
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
       "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported"},
      {"EHLO spammer\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 Bad Request"},
  };
  for (const auto& [bytes, status] : cases) {
    const std::string got = ask(std::string{bytes} + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status_of(got), status) << bytes;
    EXPECT_EQ(got.find("HTTP/1.1", 8), std::string::npos) << got;
  }
  EXPECT_TRUE(seen.empty());
}

TEST_F(http_server_test, limits_of_header_and_body) {
  config.header_bytes_max = 1000;
  config.body_bytes_max = 10;
  EXPECT_EQ(status_of(ask("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(2000, 'a') + "\r\n\r\n")),
            "HTTP/1.1 431 Request Header Fields Too Large");
  EXPECT_EQ(status_of(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")),
            "HTTP/1.1 413 Payload Too Large");
  EXPECT_EQ(status_of(ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nabcdefghijk\r\n")),
            "HTTP/1.1 413 Payload Too Large");
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(status_of(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabcdefghij")), "HTTP/1.1 200 OK");
}

TEST_F(http_server_test, the_rest_of_a_refused_body_does_not_cost_the_client_its_answer) {
  config.body_bytes_max = 10;
  stream& connection = connect();
  const std::string body(500'000, 'b');
  std::optional<std::string> got;
  asking.spawn("ask",
               test::detail::keep_value(
                   talk(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + body, true), got));
  EXPECT_TRUE(test::run_until(context, [&got] { return got.has_value(); }));
  EXPECT_EQ(status_of(*got), "HTTP/1.1 413 Payload Too Large");
  EXPECT_FALSE(connection.readable_or_closed()) << "still open: the server reads what is left";
  connection.close();
  EXPECT_TRUE(test::run_until(context, [this] { return server().connections() == 0; }));
}

TEST_F(http_server_test, slow_headers_and_slow_bodies_are_told_so) {
  EXPECT_EQ(status_of(ask("GET / HTTP/1.1\r\nHost:")), "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(status_of(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")),
            "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(ask(""), "") << "an idle connection ends without a word";
}

TEST_F(http_server_test, a_body_is_invited_when_the_client_waits_for_it) {
  stream& connection = connect();
  const std::string got = test::run_for_test(
      context,
      talk(connection, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", true));
  EXPECT_EQ(got, "HTTP/1.1 100 Continue\r\n\r\n");
  const std::string answer = test::run_for_test(context, talk(connection, "hi", true));
  EXPECT_EQ(status_of(answer), "HTTP/1.1 200 OK");
}

TEST_F(http_server_test, a_broken_handler_is_a_500_and_told) {
  EXPECT_EQ(status_of(ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n")), "HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ(died, "GET /throw: handler broke");
  EXPECT_EQ(status_of(ask("GET /bad-field HTTP/1.1\r\nHost: x\r\n\r\n")), "HTTP/1.1 500 Internal Server Error");
}

TEST_F(http_server_test, connections_beyond_the_limit_are_closed) {
  config.connections_max = 1;
  connect();
  context.poll();
  EXPECT_EQ(test::run_for_test(context, talk(connect(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n", false)), "");
  EXPECT_EQ(server().connections(), 1U);
}

TEST_F(http_server_test, a_stop_closes_idle_connections_and_finishes_requests) {
  connect();
  stream& busy = connect();
  std::optional<std::string> got;
  asking.spawn("ask", test::detail::keep_value(talk(busy, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", false), got));
  context.restart();
  context.poll();
  EXPECT_EQ(server().connections(), 2U);
  server().stop();
  context.restart();
  context.poll();
  EXPECT_EQ(server().connections(), 1U);
  gate.notify();
  EXPECT_TRUE(test::run_until(context, [&got] { return got.has_value(); }));
  EXPECT_NE(got->find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(test::run_for_test(context, talk(connect(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n", false)), "");
}

TEST_F(http_server_test, a_drain_cuts_what_does_not_end) {
  stream& stuck = connect();
  std::optional<std::string> got;
  asking.spawn("ask", test::detail::keep_value(talk(stuck, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", false), got));
  context.restart();
  context.poll();
  const steady_point deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{20};
  test::run_for_test(context, server().drain(deadline));
  EXPECT_EQ(server().connections(), 0U);
}

TEST_F(http_server_test, over_a_real_socket_with_tls_the_own_client_is_answered) {
  const system_clock real;
  const test::test_certificates authority;
  const test::certificate_files files = authority.issue("server", {});
  test::certificate_wish wish;
  wish.common_name = "operator";
  const test::certificate_files own = authority.issue("operator", wish);
  config.tls = *make_server_tls({files.certificate, files.key, authority.ca_file()}, real.now());
  http_server door{context.get_executor(), real, config,
                   [this](http_request request) { return answer(std::move(request)); }, nullptr};
  const result<endpoint_address> at = door.listen({"127.0.0.1", 0});
  ASSERT_TRUE(at);
  async::blocking_pool pool{1, 4, "dns"};
  resolver names{context.get_executor(), pool, real};
  tcp_connector network{context.get_executor(), names};
  http_client_config settings;
  settings.host = "localhost";
  settings.port = at->port;
  settings.tls = *make_client_tls({tls_verification::chain_and_name, authority.ca_file(), own.certificate, own.key});
  auto client = make_http_client(context.get_executor(), network, real, settings);
  for (const std::size_t size : {10UL, 900'000UL}) {
    http_request request;
    request.method = "POST";
    request.body = std::string(size, 'z');
    const auto got = test::run_for_test(context, client->send(std::move(request), real.steady() + seconds{10}));
    EXPECT_EQ(got.stage, http_stage::answered) << got.failure.message();
    EXPECT_EQ(got.response.body.size(), size + 7);
    EXPECT_EQ(seen.back().peer_certificate_subject, "CN=operator");
    EXPECT_EQ(seen.back().peer_ip, "127.0.0.1");
  }
  EXPECT_EQ(door.connections(), 1U);
  test::run_for_test(context, door.drain(real.steady() + seconds{5}));
}

}  // namespace
}  // namespace stellwerk::net
