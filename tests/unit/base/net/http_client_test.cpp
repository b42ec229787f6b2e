#include "base/net/http_client.hpp"

#include <deque>

#include <gtest/gtest.h>

#include "base/async/task_group.hpp"
#include "tests/support/memory_connector.hpp"
#include "tests/support/run_for_test.hpp"
#include "tests/support/script_peer.hpp"

namespace stellwerk::net {
namespace {

using std::chrono::seconds;

http_request post(std::string body) {
  http_request request;
  request.method = "POST";
  request.target = "/v3/send";
  request.fields.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  return request;
}

http_request get(std::string target) {
  http_request request;
  request.target = std::move(target);
  return request;
}

async::awaitable<void> keep(async::awaitable<http_exchange> sending, std::optional<http_exchange>& into) {
  into.emplace(co_await std::move(sending));
}

struct http_client_test : testing::Test {
  http_client_test() {
    config.host = "api.example";
    config.port = 80;
    network.listen("api.example", 80, [this](std::unique_ptr<test::memory_stream> far_end) {
      accepted.push_back(far_end.get());
      peers.push_back(std::make_unique<test::script_peer>(std::move(far_end)));
      if (peers.size() <= scripts.size()) scripts[peers.size() - 1](*peers.back());
      group.spawn("peer", peers.back()->run());
    });
  }

  void script(std::function<void(test::script_peer&)> steps) { scripts.push_back(std::move(steps)); }
  http_client& client() {
    if (!client_) client_ = make_http_client(context.get_executor(), network, clock, config);
    return *client_;
  }
  http_exchange send(http_request request, seconds limit = seconds{60}) {
    const steady_point deadline = clock.steady() + limit;
    return test::run_for_test(context, client().send(std::move(request), deadline));
  }
  // For what ends by time alone.
  http_exchange send_for(http_request request, seconds limit) {
    std::optional<http_exchange> exchange;
    const steady_point deadline = clock.steady() + limit;
    group.spawn("send", keep(client().send(std::move(request), deadline), exchange));
    time.advance(context, limit);
    EXPECT_TRUE(test::run_until(context, [&exchange] { return exchange.has_value(); }));
    return std::move(*exchange);
  }
  void expect_scripts_met() {
    for (const auto& peer : peers) EXPECT_EQ(peer->failure(), "");
  }

  async::io_context context;
  manual_clock clock;
  test::manual_timers time{clock};
  test::memory_connector network{context, time};
  http_client_config config;
  std::vector<std::function<void(test::script_peer&)>> scripts;
  std::vector<std::unique_ptr<test::script_peer>> peers;
  std::vector<test::memory_stream*> accepted;
  std::unique_ptr<http_client> client_;
  async::task_group group{context.get_executor(), nullptr};
};

TEST_F(http_client_test, writes_the_request_as_it_should_be) {
  config.user_agent = "Stellwerk/test";
  config.port = 8080;
  network.listen("api.example", 8080, [this](std::unique_ptr<test::memory_stream> far_end) {
    peers.push_back(std::make_unique<test::script_peer>(std::move(far_end)));
    peers.back()->line("POST /v3/send HTTP/1.1").line("Host: api.example:8080").line("User-Agent: Stellwerk/test");
    peers.back()->line("Accept-Encoding: identity").line("Content-Type: application/json").line("Content-Length: 7");
    peers.back()->line("").bytes("{\"a\":1}").send("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nX-Id: 7\r\n\r\nok");
    group.spawn("peer", peers.back()->run());
  });
  const http_exchange got = send(post("{\"a\":1}"));
  expect_scripts_met();
  EXPECT_EQ(got.stage, http_stage::answered);
  EXPECT_EQ(got.response.status, 202);
  EXPECT_EQ(got.response.body, "ok");
  EXPECT_EQ(got.response.field("x-id"), "7");
  EXPECT_FALSE(got.body_cut);
}

TEST_F(http_client_test, framing_fields_of_the_caller_are_left_out) {
  script([](test::script_peer& peer) { peer.until("\r\n\r\n").send("HTTP/1.1 204 No Content\r\n\r\n"); });
  http_request request = post("");
  request.fields = {{"Host", "evil"}, {"content-length", "99"}, {"Transfer-Encoding", "chunked"}, {"X-Kept", "yes"}};
  EXPECT_EQ(send(std::move(request)).response.status, 204);
  const std::string head = peers[0]->last_data();
  EXPECT_EQ(head.find("evil"), std::string::npos);
  EXPECT_EQ(head.find("chunked"), std::string::npos);
  EXPECT_NE(head.find("X-Kept: yes\r\n"), std::string::npos);
  EXPECT_NE(head.find("Content-Length: 0\r\n"), std::string::npos);
}

TEST_F(http_client_test, a_field_that_would_end_its_line_is_never_sent) {
  http_request request = post("x");
  request.fields.push_back({"X-Subject", "a\r\nX-Evil: b"});
  const http_exchange got = send(std::move(request));
  EXPECT_EQ(got.stage, http_stage::not_connected);
  EXPECT_TRUE(got.failure.is(errc::malformed));
  EXPECT_TRUE(send(get("/a b")).failure.is(errc::malformed));
  EXPECT_EQ(network.connects(), 0);
}

TEST_F(http_client_test, a_connection_is_used_again) {
  script([](test::script_peer& peer) {
    for (int i = 0; i < 3; ++i) peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!");
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(get("/")).response.body, "!");
  EXPECT_EQ(network.connects(), 1);
}

TEST_F(http_client_test, an_idle_connection_is_not_used_for_long) {
  const auto one_answer = [](test::script_peer& peer) {
    peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect_close();
  };
  script(one_answer);
  script(one_answer);
  EXPECT_EQ(send(get("/")).response.status, 200);
  time.advance(context, seconds{6});
  EXPECT_TRUE(peers[0]->finished()) << "the old connection should be closed without waiting for another request";
  EXPECT_EQ(send(get("/")).response.status, 200);
  EXPECT_EQ(network.connects(), 2);
}

TEST_F(http_client_test, an_idle_connection_closed_by_the_peer_is_not_used) {
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").close();
  });
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n").send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(send(get("/")).response.status, 200);
  test::run_for_test(context, group.wait_empty(steady_point::max()));
  EXPECT_EQ(send(get("/")).response.status, 201);
}

TEST_F(http_client_test, connection_close_and_unasked_bytes_end_the_reuse) {
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n");
  });
  script([](test::script_peer& peer) { peer.until("\r\n\r\n").send("HTTP/1.0 200 OK\r\n\r\nuntil the end").close(); });
  script([](test::script_peer& peer) { peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  send(get("/"));
  send(get("/"));
  EXPECT_EQ(send(get("/")).response.body, "until the end");
  send(get("/"));
  EXPECT_EQ(network.connects(), 4);
}

TEST_F(http_client_test, a_refused_connection_is_not_connected) {
  network.fail("api.example", 80, error{errc::unresolved, "net.resolve"});
  const http_exchange got = send(post("x"));
  EXPECT_EQ(got.stage, http_stage::not_connected);
  EXPECT_TRUE(got.failure.is(errc::unresolved));
}

TEST_F(http_client_test, connecting_has_a_limit_of_its_own) {
  network.stall("api.example", 80);
  const steady_point before = clock.steady();
  std::optional<http_exchange> exchange;
  group.spawn("send", keep(client().send(post("x"), before + seconds{60}), exchange));
  time.advance(context, seconds{6});
  ASSERT_TRUE(exchange);
  EXPECT_EQ(exchange->stage, http_stage::not_connected);
  EXPECT_TRUE(exchange->failure.is(errc::timed_out));
}

TEST_F(http_client_test, a_failed_handshake_is_not_connected) {
  config.tls = *make_client_tls({});
  script([](test::script_peer& peer) { peer.send("plain text\r\n"); });
  const http_exchange got = send(post("x"));
  EXPECT_EQ(got.stage, http_stage::not_connected);
  EXPECT_TRUE(got.failure.is(errc::tls_failed));
}

TEST_F(http_client_test, the_server_name_is_told_in_the_handshake) {
  config.tls = *make_client_tls({});
  const auto context_of_peer = *make_client_tls({});
  script([&context_of_peer](test::script_peer& peer) {
    peer.handshake_server(*context_of_peer).until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(send(get("/")).response.status, 200);
  EXPECT_EQ(accepted[0]->server_name(), "api.example");
}

TEST_F(http_client_test, silence_after_the_request_is_sent_and_timed_out) {
  script([](test::script_peer& peer) { peer.stall(); });
  const http_exchange got = send_for(post("x"), seconds{10});
  EXPECT_EQ(got.stage, http_stage::sent);
  EXPECT_TRUE(got.failure.is(errc::timed_out));
}

TEST_F(http_client_test, a_close_at_every_byte_of_the_answer_is_sent_and_not_answered) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t cut = 0; cut < answer.size(); ++cut) {
    script([&answer, cut](test::script_peer& peer) { peer.until("\r\n\r\nx").send(answer.substr(0, cut)).close(); });
    const http_exchange got = send(post("x"));
    EXPECT_EQ(got.stage, http_stage::sent) << cut;
    EXPECT_TRUE(got.failure.is(errc::closed)) << cut << ' ' << got.failure.message();
  }
}

TEST_F(http_client_test, a_large_request_is_sent_only_with_its_last_write) {
  network.listen("api.example", 80, [this](std::unique_ptr<test::memory_stream> far_end) {
    accepted.push_back(far_end.get());
    peers.push_back(std::make_unique<test::script_peer>(std::move(far_end)));
    peers.back()->until("\r\n\r\n").close();
    group.spawn("peer", peers.back()->run());
  });
  const http_exchange whole = send(post(std::string(64 * 1024, 'x')));
  EXPECT_EQ(whole.stage, http_stage::sent);
  config.host = "cut.example";
  client_.reset();
  network.listen("cut.example", 80, [this](std::unique_ptr<test::memory_stream> far_end) {
    far_end->close();
    peers.push_back(std::make_unique<test::script_peer>(std::move(far_end)));
  });
  const http_exchange part = send(post(std::string(200 * 1024, 'x')));
  EXPECT_EQ(part.stage, http_stage::not_sent);
}

TEST_F(http_client_test, an_early_answer_to_a_large_request_counts) {
  network.listen("api.example", 80, [this](std::unique_ptr<test::memory_stream> far_end) {
    const std::string_view refusal = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n";
    test::run_for_test(context, far_end->write_one(refusal));
    far_end->close();
    peers.push_back(std::make_unique<test::script_peer>(std::move(far_end)));
  });
  const steady_point deadline = clock.steady() + seconds{10};
  std::optional<http_exchange> exchange;
  group.spawn("send", keep(client().send(post(std::string(200 * 1024, 'x')), deadline), exchange));
  EXPECT_TRUE(test::run_until(context, [&exchange] { return exchange.has_value(); }));
  EXPECT_EQ(exchange->stage, http_stage::answered);
  EXPECT_EQ(exchange->response.status, 413);
}

TEST_F(http_client_test, interim_responses_are_passed_over) {
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\nx").send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const http_exchange got = send(post("x"));
  EXPECT_EQ(got.response.status, 200);
  EXPECT_EQ(got.response.body, "ok");
}

TEST_F(http_client_test, chunked_bodies_are_joined_and_may_be_followed_by_another_exchange) {
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n")
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
    peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
  });
  EXPECT_EQ(send(get("/")).response.body, "abcde");
  EXPECT_EQ(send(get("/")).response.body, "2");
  EXPECT_EQ(network.connects(), 1);
}

TEST_F(http_client_test, an_answer_in_single_octets_is_the_same) {
  network.listen("api.example", 80, [this](std::unique_ptr<test::memory_stream> far_end) {
    test::memory_faults single;
    single.chunk_max = 1;
    far_end->set_write_faults(single);
    peers.push_back(std::make_unique<test::script_peer>(std::move(far_end)));
    peers.back()->until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    group.spawn("peer", peers.back()->run());
  });
  EXPECT_EQ(send(get("/")).response.body, "abc");
}

TEST_F(http_client_test, a_body_beyond_the_limit_is_cut_and_the_connection_is_not_used_again) {
  config.body_bytes_max = 1000;
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n")
        .send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'b'))
        .expect_close();
  });
  const http_exchange got = send(get("/"));
  EXPECT_EQ(got.stage, http_stage::answered);
  EXPECT_TRUE(got.body_cut);
  EXPECT_EQ(got.response.body, std::string(1000, 'b'));
  EXPECT_TRUE(test::run_until(context, [this] { return peers[0]->finished(); }));
}

TEST_F(http_client_test, a_header_beyond_the_limit_is_not_answered) {
  config.header_bytes_max = 1000;
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nX-Long: " + std::string(2000, 'h') + "\r\n\r\n");
  });
  const http_exchange got = send(get("/"));
  EXPECT_EQ(got.stage, http_stage::sent);
  EXPECT_TRUE(got.failure.code);
}

TEST_F(http_client_test, what_is_not_http_is_not_answered) {
  script([](test::script_peer& peer) { peer.until("\r\n\r\n").send("220 mx.example ESMTP\r\n"); });
  const http_exchange got = send(get("/"));
  EXPECT_EQ(got.stage, http_stage::sent);
  EXPECT_TRUE(got.failure.code);
}

TEST_F(http_client_test, an_answer_to_head_has_no_body) {
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    peer.until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  http_request request = get("/");
  request.method = "HEAD";
  EXPECT_EQ(send(std::move(request)).response.status, 200);
  EXPECT_EQ(send(get("/")).response.status, 200);
  EXPECT_EQ(network.connects(), 1);
}

TEST_F(http_client_test, redirects_are_answers) {
  script([](test::script_peer& peer) {
    peer.until("\r\n\r\n").send("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(send(get("/")).response.status, 302);
  EXPECT_EQ(network.connects(), 1);
}

TEST_F(http_client_test, requests_beyond_the_connections_wait_in_order) {
  config.connections_max = 1;
  script([](test::script_peer& peer) {
    for (int i = 0; i < 3; ++i) peer.any_line().until("\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  std::array<std::optional<http_exchange>, 3> exchanges;
  for (std::size_t i = 0; i < 3; ++i) {
    const steady_point deadline = clock.steady() + seconds{60};
    group.spawn("send", keep(client().send(get("/" + std::to_string(i)), deadline), exchanges[i]));
  }
  EXPECT_TRUE(test::run_until(context, [&exchanges] { return exchanges[2].has_value(); }));
  EXPECT_EQ(network.connects(), 1);
  EXPECT_EQ(peers[0]->lines(), (std::vector<std::string>{"GET /0 HTTP/1.1", "GET /1 HTTP/1.1", "GET /2 HTTP/1.1"}));
  client_.reset();
  context.restart();
  context.poll();
  EXPECT_EQ(time.pending(), 0U) << "no alarm of a satisfied wait is left";
}

TEST_F(http_client_test, waiting_for_a_connection_ends_at_the_deadline) {
  config.connections_max = 1;
  script([](test::script_peer& peer) { peer.stall(); });
  std::optional<http_exchange> first;
  group.spawn("send", keep(client().send(get("/1"), clock.steady() + seconds{60}), first));
  const http_exchange second = send_for(get("/2"), seconds{3});
  EXPECT_EQ(second.stage, http_stage::not_connected);
  EXPECT_TRUE(second.failure.is(errc::timed_out));
  EXPECT_FALSE(first);
  time.advance(context, seconds{60});
  EXPECT_TRUE(first);
}

TEST_F(http_client_test, a_cut_ends_the_exchange_where_it_is) {
  script([](test::script_peer& peer) { peer.stall(); });
  std::optional<http_exchange> exchange;
  async::task_group sending{context.get_executor(), nullptr};
  sending.spawn("send", keep(client().send(post("x"), clock.steady() + seconds{60}), exchange), async::on_stop::finish);
  context.poll();
  sending.request_stop();
  context.restart();
  context.poll();
  EXPECT_FALSE(exchange);
  sending.cut();
  EXPECT_TRUE(test::run_until(context, [&exchange] { return exchange.has_value(); }));
  EXPECT_EQ(exchange->stage, http_stage::sent);
  EXPECT_TRUE(exchange->failure.is(errc::cancelled));
}

}  // namespace
}  // namespace stellwerk::net
