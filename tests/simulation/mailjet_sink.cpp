#include "tests/simulation/mailjet_sink.hpp"

#include <boost/json.hpp>

#include "base/text.hpp"

namespace stellwerk::simulation {
namespace {

constexpr std::size_t line_max = 16'384;

std::string token_in(const simulate::record& one) {
  for (const auto& [name, value] : one.headers) {
    if (iequals(name, "X-Sim-Token")) return value;
  }
  return "no-token";
}

// The answer to a request, as if the address of its first entry were none.
std::string with_first_refused(const std::string& body) {
  boost::json::value answer = boost::json::parse(body);
  answer.at("Messages").as_array().front() = boost::json::parse(
      R"({"Status":"error","Errors":[{"ErrorIdentifier":"x","ErrorCode":"mj-0013","StatusCode":400,"ErrorMessage":"no such address","ErrorRelatedTo":["To[0].Email"]}]})");
  return boost::json::serialize(answer);
}

}  // namespace

void mailjet_sink::serve(std::unique_ptr<test::memory_stream> connection) {
  auto with = std::make_unique<conversation>(links::link{world_.connections, std::move(connection)});
  world_.tasks.spawn(name_, converse(std::move(with)));
}

async::awaitable<void> mailjet_sink::converse(std::unique_ptr<conversation> with) {
  for (;;) {
    with->link.stream().expires_at(world_.time.steady() + std::chrono::minutes{10});
    net::http_request request;
    const bool got = co_await read_request(*with, request);
    if (!got) co_return;
    const next state = co_await respond(*with, std::move(request));
    if (state == next::end) co_return;
  }
}

async::awaitable<bool> mailjet_sink::read_request(conversation& with, net::http_request& into) {
  const auto first = co_await with.lines.read_line(line_max);
  if (!first) co_return false;
  const auto words = split(*first, ' ');
  if (words.size() != 3) co_return false;
  into.method = std::string{words[0]};
  into.target = std::string{words[1]};
  for (;;) {
    const auto line = co_await with.lines.read_line(line_max);
    if (!line) co_return false;
    if (line->empty()) break;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos) co_return false;
    into.fields.push_back({std::string{line->substr(0, colon)}, std::string{trim(line->substr(colon + 1))}});
  }
  const std::size_t length = parse_decimal(into.field("Content-Length")).value_or(0);
  while (into.body.size() < length) {
    if (with.lines.buffered().empty()) {
      const auto filled = co_await with.lines.fill();
      if (!filled) co_return false;
    }
    const std::string_view piece = with.lines.buffered().substr(0, length - into.body.size());
    into.body += piece;
    with.lines.consume(piece.size());
  }
  co_return true;
}

mailjet_sink::fault mailjet_sink::throw_fault() {
  if (trouble_ == 0 || !dice_.percent(trouble_)) return fault::none;
  return static_cast<fault>(dice_.between(1, 11));
}

async::awaitable<mailjet_sink::next> mailjet_sink::respond(conversation& with, net::http_request request) {
  const fault what = throw_fault();
  const bool is_send = request.method == "POST";
  switch (what) {
    case fault::reset_unread: with.link.stream().reset(); co_return next::end;
    case fault::unavailable: co_return co_await send(with, 503, std::string{}, std::string{});
    case fault::throttled: co_return co_await send(with, 429, std::string{"{}"}, std::string{"Retry-After: 3\r\n"});
    case fault::broken_before: co_return co_await send(with, 500, std::string{"oops"}, std::string{});
    case fault::unauthorised:
      if (dice_.one_in(3)) co_return co_await send(with, 401, std::string{"{}"}, std::string{});
      break;
    default: break;
  }
  if (what == fault::slow) co_await world_.pause(dice_.between_ms(100, 60'000));
  auto answered = dialect_.answer(request, std::string_view{request.target}.substr(0, request.target.find('?')));
  if (!is_send)
    co_return co_await send(with, answered.response.status, std::move(answered.response.body), std::string{});
  if (what == fault::bad_address && !answered.records.empty()) {
    const std::vector<simulate::record> refused{answered.records.front()};
    dialect_.forget(refused);
    world_.told.refused_for_good({token_in(refused.front()), refused.front().recipients.front()});
    answered.records.erase(answered.records.begin());
    take(answered.records);  // the others of the request were accepted
    std::string body = with_first_refused(answered.response.body);
    co_return co_await send(with, 400, std::move(body), std::string{});
  }
  take(answered.records);
  co_return co_await answer_late(with, what, std::move(answered.response));
}

// The vendor has it; whether the gateway learns it is another matter.
async::awaitable<mailjet_sink::next> mailjet_sink::answer_late(conversation& with, fault what,
                                                               net::http_response response) {
  switch (what) {
    case fault::broken_after: co_return co_await send(with, 500, std::string{"oops"}, std::string{});
    case fault::reset_after: with.link.stream().reset(); co_return next::end;
    case fault::silence: co_await world_.pause(std::chrono::minutes{3}); co_return next::end;
    case fault::cut_answer: {
      const std::string part = "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{\"Mess";
      (void)co_await with.link.stream().write_one(part);
      co_return next::end;
    }
    default: break;
  }
  co_return co_await send(with, response.status, std::move(response.body),
                          std::string{"Content-Type: application/json\r\n"});
}

async::awaitable<mailjet_sink::next> mailjet_sink::send(conversation& with, int status, std::string body,
                                                        std::string field) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " x\r\n" + field;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const result<void> written = co_await with.link.stream().write_one(text);
  co_return written ? next::go_on : next::end;
}

void mailjet_sink::take(const std::vector<simulate::record>& records) {
  for (const simulate::record& one : records) {
    if (one.verdict != "accepted") {
      world_.told.violation("the vendor refused what the mapping made: " + one.fault + " in " + token_in(one));
      continue;
    }
    const std::string token = token_in(one);
    const bool intact = one.content.find("last line of " + token) != std::string::npos;
    for (const std::string& address : one.recipients)
      world_.told.taken({token, address}, name_, false, one.attempt, intact);
  }
}

}  // namespace stellwerk::simulation
