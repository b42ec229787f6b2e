#include "base/net/http_client.hpp"

#include "base/net/http_parse.hpp"
#include "base/net/http_pool.hpp"
#include "base/net/http_text.hpp"

namespace stellwerk::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t write_step = 64 * 1024;  // of a large request; only the last step makes it "sent"
constexpr int interim_responses_max = 8;
constexpr std::chrono::seconds early_answer_wait{2};

bool expects_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

class pooled_http_client final : public http_client {
 public:
  pooled_http_client(async::executor owner, connector& network, const clock& time, http_client_config config)
      : config_{std::move(config)}, time_{time}, pool_{owner, network, time, config_} {}

  async::awaitable<http_exchange> send(http_request request, steady_point deadline) override;

 private:
  result<std::string> head_of(const http_request& request) const;
  async::awaitable<result<void>> write_request(stream& to, std::string_view head, std::string_view body,
                                               http_stage& stage);
  async::awaitable<result<bool>> read_response(stream& from, bool to_head, http_exchange& into);
  async::awaitable<bool> converse(stream& with, const http_request& request, const std::string& head,
                                  steady_point deadline, http_exchange& into);

  const http_client_config config_;
  const clock& time_;
  http_pool pool_;
};

result<std::string> pooled_http_client::head_of(const http_request& request) const {
  const error malformed{errc::malformed, "http.request"};
  if (!is_http_token(request.method) || !is_http_target(request.target)) return malformed;
  const bool usual_port = config_.port == (config_.tls ? 443 : 80);
  std::string host = config_.host;
  if (host.find(':') != std::string::npos) host = '[' + host + ']';
  if (!usual_port) host += ':' + std::to_string(config_.port);
  std::string head = request.method + ' ' + request.target + " HTTP/1.1\r\n";
  bool clean = append_http_field(head, "Host", host) && append_http_field(head, "User-Agent", config_.user_agent) &&
               append_http_field(head, "Accept-Encoding", "identity") && append_http_fields(head, request.fields);
  if (!request.body.empty() || expects_body(request.method)) {
    clean = clean && append_http_field(head, "Content-Length", std::to_string(request.body.size()));
  }
  if (!clean) return malformed;
  head += "\r\n";
  return head;
}

async::awaitable<result<void>> pooled_http_client::write_request(stream& to, std::string_view head,
                                                                 std::string_view body, http_stage& stage) {
  while (body.size() > write_step) {
    const std::string_view parts[2] = {head, body.substr(0, write_step)};
    const result<void> written = co_await to.write_all(parts);
    if (!written) co_return written.error();
    head = {};
    body.remove_prefix(write_step);
  }
  stage = http_stage::sent;
  const std::string_view last[2] = {head, body};
  co_return co_await to.write_all(last);
}

// The answer is whether the connection can be used again.
async::awaitable<result<bool>> pooled_http_client::read_response(stream& from, bool to_head, http_exchange& into) {
  parser_input input{from};
  std::optional<response_parser> parser;
  for (int interim = 0; interim <= interim_responses_max; ++interim) {
    parser.emplace();
    parser->eager(true);
    parser->skip(to_head);
    parser->header_limit(static_cast<std::uint32_t>(config_.header_bytes_max));
    parser->body_limit(boost::none);
    parser->get().body().limit = config_.body_bytes_max;
    boost::beast::error_code failure;
    while (input.feed(*parser, failure) && !parser->get().body().cut) {
      const result<void> more = co_await input.read_more();
      if (more) continue;
      if (!more.error().is(errc::closed) || !parser->got_some()) co_return more.error();
      parser->put_eof(failure);
      if (failure) co_return error{errc::closed, "http.response"};
      break;
    }
    if (failure) co_return error{failure, "http.response"};
    const int status = static_cast<int>(parser->get().result_int());
    if (status >= 200 || status == 101) break;
  }
  auto& message = parser->get();
  if (message.result_int() < 200) co_return error{errc::malformed, "http.response"};
  into.stage = http_stage::answered;
  into.response.status = static_cast<int>(message.result_int());
  into.response.fields = copy_fields(message.base());
  into.response.body = std::move(message.body().text);
  into.body_cut = message.body().cut;
  co_return parser->keep_alive() && !into.body_cut && !parser->need_eof() && input.empty();
}

// A peer may answer and close while the request is still being written (413, 401): its answer counts.
async::awaitable<bool> pooled_http_client::converse(stream& with, const http_request& request, const std::string& head,
                                                    steady_point deadline, http_exchange& into) {
  const result<void> written = co_await write_request(with, head, request.body, into.stage);
  if (!written && (written.error().is(errc::timed_out) || written.error().is(errc::cancelled))) {
    into.failure = written.error();
    co_return false;
  }
  if (!written) with.expires_at(std::min(deadline, time_.steady() + early_answer_wait));
  const result<bool> reusable = co_await read_response(with, request.method == "HEAD", into);
  if (!reusable) into.failure = written ? reusable.error() : written.error();
  co_return written&& reusable&&* reusable;
}

async::awaitable<http_exchange> pooled_http_client::send(http_request request, steady_point deadline) {
  http_exchange exchange;
  const result<std::string> head = head_of(request);
  if (!head) {
    exchange.failure = head.error();
    co_return exchange;
  }
  const result<http_pool::slot> slot = co_await pool_.acquire(deadline);
  if (!slot) {
    exchange.failure = slot.error();
    co_return exchange;
  }
  std::unique_ptr<stream> connection = pool_.take_idle();
  if (!connection) {
    result<std::unique_ptr<stream>> made = co_await pool_.connect(deadline);
    if (!made) {
      exchange.failure = made.error();
      co_return exchange;
    }
    connection = std::move(*made);
  }
  exchange.stage = http_stage::not_sent;
  connection->expires_at(deadline);
  const bool reusable = co_await converse(*connection, request, *head, deadline, exchange);
  if (reusable) pool_.give_back(std::move(connection));
  co_return exchange;
}

}  // namespace

std::unique_ptr<http_client> make_http_client(async::executor owner, connector& network, const clock& time,
                                              http_client_config config) {
  return std::make_unique<pooled_http_client>(owner, network, time, std::move(config));
}

}  // namespace stellwerk::net
