#include "gateway/simulate/http_stand_in.hpp"

#include <utility>

#include "base/net/socket_stream.hpp"
#include "base/text.hpp"

namespace stellwerk::simulate {
namespace {

constexpr duration idle_timeout{std::chrono::minutes{5}};
constexpr std::size_t line_max = 16'384;
constexpr std::size_t fields_max = 200;
constexpr std::size_t body_max = 64'000'000;

net::http_response plain(int status, std::string text) {
  net::http_response response;
  response.status = status;
  response.fields.push_back({"Content-Type", "text/plain"});
  response.body = std::move(text);
  return response;
}

// "429 {...}" or "503": status and body.
net::http_response scripted(const std::string& reply) {
  const auto space = reply.find(' ');
  const auto status = parse_decimal(std::string_view{reply}.substr(0, space));
  net::http_response response =
      plain(status ? static_cast<int>(*status) : 500, space == std::string::npos ? "" : reply.substr(space + 1));
  if (response.body.starts_with('{')) response.fields.front().value = "application/json";
  return response;
}

fault_subject subject_of(const std::vector<record>& records) {
  fault_subject subject;
  if (!records.empty()) subject.reverse_path = records.front().reverse_path;
  for (const record& one : records) {
    subject.recipients.insert(subject.recipients.end(), one.recipients.begin(), one.recipients.end());
    for (const auto& [name, value] : one.headers) subject.headers.push_back(name + ": " + value);
  }
  return subject;
}

}  // namespace

std::vector<std::string_view> doors_of(const dialect_list& dialects) {
  std::vector<std::string_view> doors{"smtp"};
  for (const auto& one : dialects) doors.push_back(one->name());
  return doors;
}

http_conversation::http_conversation(std::unique_ptr<net::stream> connection, stand_in_services& services,
                                     dialect_list& dialects)
    : stream_{std::move(connection)}, services_{services}, dialects_{dialects}, lines_{*stream_} {}

// Known by the request line only: `POST /faults` comes by the same address and must always get in.
async::awaitable<http_conversation::next> http_conversation::suffer_connect(const dialect& vendor) {
  auto fault = services_.faults.find(vendor.name(), fault_stage::connect, {});
  if (!fault) co_return next::go_on;
  if (fault->action == fault_action::slow) {
    co_await services_.network.sleep_until(services_.time.steady() + fault->delay);
    co_return next::go_on;
  }
  if (fault->action == fault_action::stall || fault->action == fault_action::reset)
    (void)co_await break_off(std::move(*fault));
  co_return next::end;
}

async::awaitable<void> http_conversation::run() {
  for (;;) {
    stream_->expires_at(services_.time.steady() + idle_timeout);
    net::http_request request;
    if (!co_await read_request(request)) co_return;
    const bool closes = iequals(request.field("Connection"), "close");
    if (co_await respond(std::move(request)) == next::end || closes) co_return;
  }
}

async::awaitable<bool> http_conversation::read_request(net::http_request& request) {
  const auto first = co_await lines_.read_line(line_max);
  if (!first) co_return false;
  const auto words = split(*first, ' ');
  if (words.size() != 3) co_return false;
  request.method = std::string{words[0]};
  request.target = std::string{words[1]};
  std::size_t length = 0;
  for (std::size_t count = 0; count < fields_max; ++count) {
    const auto line = co_await lines_.read_line(line_max);
    if (!line) co_return false;
    if (line->empty()) co_return co_await read_body(request, length);
    const auto colon = line->find(':');
    if (colon == std::string_view::npos) co_return false;
    request.fields.push_back({std::string{line->substr(0, colon)}, std::string{trim(line->substr(colon + 1))}});
    if (iequals(request.fields.back().name, "content-length"))
      length = parse_decimal(request.fields.back().value).value_or(0);
  }
  co_return false;
}

async::awaitable<bool> http_conversation::read_body(net::http_request& request, std::size_t length) {
  if (length > body_max) co_return false;
  if (iequals(request.field("Expect"), "100-continue")) {
    const std::string go = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!co_await stream_->write_one(go)) co_return false;
  }
  while (request.body.size() < length) {
    if (lines_.buffered().empty()) {
      const auto filled = co_await lines_.fill();
      if (!filled) co_return false;
    }
    const auto piece = lines_.buffered().substr(0, length - request.body.size());
    request.body += piece;
    lines_.consume(piece.size());
  }
  co_return true;
}

async::awaitable<http_conversation::next> http_conversation::respond(net::http_request request) {
  const std::string path{request.path()};
  if (path == "/faults") {
    net::http_response response = request.method == "POST" ? set_faults(request.body) : plain(405, "POST only");
    co_return co_await send(std::move(response));
  }
  for (const auto& vendor : dialects_) {
    const std::string prefix = "/" + std::string{vendor->name()};
    if (!path.starts_with(prefix + "/")) continue;
    if (co_await suffer_connect(*vendor) == next::end) co_return next::end;
    request.target.erase(0, prefix.size());
    std::string rest = path.substr(prefix.size());
    co_return co_await answer_dialect(*vendor, std::move(request), std::move(rest));
  }
  net::http_response unknown = plain(404, "no such dialect");
  co_return co_await send(std::move(unknown));
}

async::awaitable<http_conversation::next> http_conversation::answer_dialect(dialect& vendor, net::http_request request,
                                                                            std::string path) {
  dialect_answer answer = vendor.answer(request, path);
  const fault_subject subject = subject_of(answer.records);
  if (auto fault = services_.faults.find(vendor.name(), fault_stage::request, subject)) {
    if (fault->action == fault_action::discard || fault->action == fault_action::accept_then_close) {
      co_return co_await feign(vendor, std::move(answer), fault->action);
    }
    if (fault->action != fault_action::slow) {
      // It befell the request before it counted.
      vendor.forget(answer.records);
      const bool refused = fault->action == fault_action::refuse || fault->action == fault_action::reply;
      for (record& one : answer.records) {
        one.verdict = refused ? "refused" : "not_complete";
        one.replied = refused;
        one.fault = std::string{to_string(fault->action)};
        services_.records.write(one);
      }
      co_return co_await break_off(std::move(*fault));
    }
    for (record& one : answer.records) one.fault = std::string{to_string(fault->action)};
    co_await services_.network.sleep_until(services_.time.steady() + fault->delay);
  }
  auto fault = services_.faults.find(vendor.name(), fault_stage::response, subject);
  if (fault && fault->action == fault_action::discard)
    co_return co_await feign(vendor, std::move(answer), fault->action);
  const bool silent = fault && fault->action != fault_action::slow;
  for (record& one : answer.records) {
    one.replied = !silent;
    if (fault) one.fault = std::string{to_string(fault->action)};
    services_.records.write(one);
  }
  if (fault && fault->action == fault_action::slow) {
    co_await services_.network.sleep_until(services_.time.steady() + fault->delay);
  } else if (fault && fault->action == fault_action::partial) {
    const std::string half =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"Messages\":[{\"Sta";
    (void)co_await stream_->write_one(half);
    co_return next::end;
  } else if (fault) {
    co_return co_await break_off(std::move(*fault));
  }
  co_return co_await send(std::move(answer.response));
}

// The answer and the truth differ: what was answered is thrown away, or what was kept is not answered.
async::awaitable<http_conversation::next> http_conversation::feign(dialect& vendor, dialect_answer answer,
                                                                   fault_action how) {
  const bool discards = how == fault_action::discard;
  if (discards) vendor.forget(answer.records);
  for (record& one : answer.records) {
    if (discards) one.verdict = "not_complete";
    one.replied = discards;
    one.fault = std::string{to_string(how)};
    services_.records.write(one);
  }
  if (!discards) co_return next::end;
  co_return co_await send(std::move(answer.response));
}

async::awaitable<http_conversation::next> http_conversation::break_off(fault_rule fault) {
  if (fault.action == fault_action::refuse || fault.action == fault_action::reply) {
    net::http_response response = scripted(fault.reply.empty() ? std::string{"400"} : fault.reply);
    co_return co_await send(std::move(response));
  }
  if (fault.action == fault_action::stall) {
    co_await services_.network.sleep_until(services_.time.steady() + std::chrono::hours{1});
  }
  if (fault.action == fault_action::reset) net::reset_connection(*stream_);
  co_return next::end;
}

async::awaitable<http_conversation::next> http_conversation::send(net::http_response response) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " Status\r\n";
  for (const net::http_field& field : response.fields) text += field.name + ": " + field.value + "\r\n";
  text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
  const auto sent = co_await stream_->write_one(text);
  co_return sent ? next::go_on : next::end;
}

net::http_response http_conversation::set_faults(const std::string& body) {
  std::string fault;
  auto rules = parse_faults(body, doors_of(dialects_), fault);
  if (!rules) return plain(400, fault + "\n");
  const std::size_t count = rules->size();
  services_.faults.replace(std::move(*rules));
  return plain(200, std::to_string(count) + " faults set\n");
}

}  // namespace stellwerk::simulate
