#include "base/net/http_server.hpp"

#include <optional>

#include "base/net/http_parse.hpp"
#include "base/net/http_text.hpp"
#include "base/text.hpp"

namespace stellwerk::net {
namespace {

namespace http = boost::beast::http;

// Answers of `read_request` beside an HTTP status.
constexpr int request_complete = 0;
constexpr int connection_gone = -1;

constexpr std::chrono::seconds linger_time{2};
constexpr std::size_t linger_bytes_max = 4 * 1024 * 1024;

int status_for(const boost::beast::error_code& failure) {
  if (failure == http::error::header_limit) return 431;
  if (failure == http::error::bad_version) return 505;
  return 400;
}

// What Beast lets pass and a strict server does not (RFC 9112 sections 3.2 and 6.1).
int check_framing(request_parser& parser, std::size_t body_bytes_max) {
  const auto& head = parser.get();
  if (head.count(http::field::host) > 1 || (head.version() >= 11 && head.count(http::field::host) == 0)) return 400;
  if (head.count(http::field::transfer_encoding) > 0 && !parser.chunked()) return 501;
  if (parser.content_length().value_or(0) > body_bytes_max) return 413;
  return request_complete;
}

http_request to_request(request_parser& parser, const stream& from) {
  auto& message = parser.get();
  http_request request;
  request.method = std::string{message.method_string()};
  request.target = std::string{message.target()};
  request.fields = copy_fields(message.base());
  request.body = std::move(message.body().text);
  request.peer_ip = from.peer().ip;
  if (from.tls()) request.peer_certificate_subject = from.tls()->peer_subject;
  return request;
}

http_response plain_response(int status) {
  http_response response;
  response.status = status;
  response.fields.push_back(http_field{"Content-Type", "text/plain; charset=utf-8"});
  response.body = std::string{http::obsolete_reason(static_cast<http::status>(status))} + '\n';
  return response;
}

// IMF-fixdate (RFC 9110 section 5.6.7).
std::string http_date(time_point now) {
  std::string text = to_rfc5322(now);
  text.replace(text.rfind(' ') + 1, std::string::npos, "GMT");
  return text;
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

struct http_server::session {
  explicit session(std::unique_ptr<stream> connection_in) : connection{std::move(connection_in)}, input{*connection} {}

  std::unique_ptr<stream> connection;
  parser_input input;
  std::optional<request_parser> parser;
  bool idle = true;         // between requests: may be closed at a stop
  bool asked_head = false;  // of the current request
  bool keep_alive = false;
};

// The session's entry in the server's list, as long as its coroutine runs.
class http_server::place {
 public:
  place(std::list<session*>& list, session& own) : list_{list}, at_{list.insert(list.end(), &own)} {}
  ~place() { list_.erase(at_); }
  place(const place&) = delete;
  place& operator=(const place&) = delete;

 private:
  std::list<session*>& list_;
  std::list<session*>::iterator at_;
};

http_server::http_server(async::executor owner, const clock& time, http_server_config config, http_handler handler,
                         async::task_group::exception_handler on_exception)
    : owner_{owner},
      time_{time},
      config_{std::move(config)},
      handler_{std::move(handler)},
      on_exception_{on_exception},
      tasks_{owner, std::move(on_exception)} {}

http_server::~http_server() = default;

result<endpoint_address> http_server::listen(const endpoint_address& address) {
  auto made = std::make_unique<listener>(
      owner_, [this](std::unique_ptr<stream> connection) { serve(std::move(connection)); }, nullptr);
  const result<endpoint_address> bound = made->open(address);
  if (!bound) return bound.error();
  made->start();
  door_ = std::move(made);
  return *bound;
}

void http_server::serve(std::unique_ptr<stream> connection) {
  if (stopping_ || sessions_.size() >= config_.connections_max) return;  // closes it
  tasks_.spawn(config_.name, run(std::move(connection)), async::on_stop::finish);
}

void http_server::stop() {
  stopping_ = true;
  if (door_) door_->stop();
  for (session* one : sessions_) {
    if (one->idle) one->connection->close();
  }
}

async::awaitable<void> http_server::drain(steady_point deadline) {
  stop();
  const bool emptied = co_await tasks_.wait_empty(deadline);
  if (emptied) co_return;
  tasks_.cut();
  co_await tasks_.wait_empty(steady_point::max());
}

async::awaitable<void> http_server::run(std::unique_ptr<stream> connection) {
  session own{std::move(connection)};
  const place listed{sessions_, own};
  if (const std::shared_ptr<const tls_context> tls = config_.tls) {
    own.connection->expires_at(time_.steady() + config_.handshake_timeout);
    const result<void> secured = co_await own.connection->handshake_server(*tls);
    if (!secured) co_return;
  }
  bool more = true;
  while (more) more = co_await exchange(own);
}

// One request and its response. False: the connection is over.
async::awaitable<bool> http_server::exchange(session& with) {
  const int verdict = co_await read_request(with);
  if (verdict == connection_gone) co_return false;
  if (verdict != request_complete) {
    const http_response refusal = plain_response(verdict);
    const bool written = co_await write_response(with, refusal, false);
    if (written) co_await linger(with);
    co_return false;
  }
  with.keep_alive = with.parser->keep_alive();
  const http_response response = co_await handle(with);
  const bool keep_alive = with.keep_alive && !stopping_;
  const bool written = co_await write_response(with, response, keep_alive);
  co_return written&& keep_alive;
}

// A close with unread input resets the connection, and the reset can overtake the refusal: the rest of the request is
// read and dropped for a moment.
async::awaitable<void> http_server::linger(session& with) {
  with.connection->expires_at(time_.steady() + linger_time);
  for (std::size_t dropped = 0; dropped < linger_bytes_max; dropped += with.input.drop()) {
    const result<void> more = co_await with.input.read_more();
    if (!more) co_return;
  }
}

async::awaitable<int> http_server::read_request(session& with) {
  stream& connection = *with.connection;
  request_parser& parser = with.parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(config_.header_bytes_max));
  parser.body_limit(boost::none);
  parser.get().body().limit = config_.body_bytes_max;
  with.asked_head = false;
  with.idle = with.input.empty();
  connection.expires_at(time_.steady() + (with.idle ? config_.idle_timeout : config_.header_timeout));
  boost::beast::error_code failure;
  while (with.input.feed(parser, failure) && !parser.is_header_done()) {
    const result<void> more = co_await with.input.read_more();
    if (!more) co_return !with.idle && more.error().is(errc::timed_out) ? 408 : connection_gone;
    if (std::exchange(with.idle, false)) connection.expires_at(time_.steady() + config_.header_timeout);
  }
  if (failure) co_return status_for(failure);
  with.asked_head = parser.get().method() == http::verb::head;
  if (const int refusal = check_framing(parser, config_.body_bytes_max); refusal != request_complete) co_return refusal;

  connection.expires_at(time_.steady() + config_.body_timeout);
  if (!parser.is_done() && iequals(std::string_view{parser.get()[http::field::expect]}, "100-continue")) {
    const result<void> invited = co_await connection.write_one("HTTP/1.1 100 Continue\r\n\r\n");
    if (!invited) co_return connection_gone;
  }
  parser.eager(true);
  while (!parser.is_done() && with.input.feed(parser, failure) && !parser.get().body().cut) {
    const result<void> more = co_await with.input.read_more();
    if (!more) co_return more.error().is(errc::timed_out) ? 408 : connection_gone;
  }
  if (failure) co_return status_for(failure);
  co_return parser.get().body().cut ? 413 : request_complete;
}

async::awaitable<http_response> http_server::handle(session& with) {
  http_request request = to_request(*with.parser, *with.connection);
  const std::string what_for = request.method + ' ' + request.target;
  try {
    co_return co_await handler_(std::move(request));
  } catch (const std::exception& thrown) {
    if (on_exception_) on_exception_(what_for, thrown.what());
  } catch (...) {
    if (on_exception_) on_exception_(what_for, "not a std::exception");
  }
  co_return plain_response(500);
}

async::awaitable<bool> http_server::write_response(session& with, const http_response& response, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ' +
                     std::string{http::obsolete_reason(static_cast<http::status>(response.status))} + "\r\n";
  bool clean = append_http_field(head, "Date", http_date(time_.now())) && append_http_fields(head, response.fields);
  if (may_have_body(response.status)) {
    clean = clean && append_http_field(head, "Content-Length", std::to_string(response.body.size()));
  }
  if (!keep_alive) clean = clean && append_http_field(head, "Connection", "close");
  if (!clean) {
    const http_response broken = plain_response(500);
    co_await write_response(with, broken, false);
    co_return false;
  }
  head += "\r\n";
  const bool with_body = may_have_body(response.status) && !with.asked_head;
  const std::string_view parts[2] = {head, with_body ? std::string_view{response.body} : std::string_view{}};
  with.connection->expires_at(time_.steady() + config_.write_timeout);
  const result<void> written = co_await with.connection->write_all(parts);
  co_return written.has_value();
}

}  // namespace stellwerk::net
