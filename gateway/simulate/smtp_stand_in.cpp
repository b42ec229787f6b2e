#include "gateway/simulate/smtp_stand_in.hpp"

#include <utility>

#include "base/net/socket_stream.hpp"
#include "base/text.hpp"
#include "mail/dot_stuffing.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::simulate {
namespace {

constexpr duration command_timeout{std::chrono::minutes{5}};
constexpr std::size_t line_max = 4096;
constexpr std::size_t message_max = 60'000'000;

std::string_view verb_of(std::string_view line) { return line.substr(0, line.find(' ')); }

// "MAIL FROM:<a@b> SIZE=1" -> "a@b"; nullopt without a path.
std::optional<std::string> path_of(std::string_view argument) {
  const auto open = argument.find('<');
  const auto close = argument.find('>', open);
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  return std::string{argument.substr(open + 1, close - open - 1)};
}

std::vector<std::string> header_lines(const std::string& content) {
  std::vector<std::string> lines;
  const auto header = mail::header_section::parse(content);
  for (const mail::header_field& field : header.fields()) {
    lines.push_back(std::string{field.name} + ": " + mail::unfold(field.value));
  }
  return lines;
}

}  // namespace

smtp_conversation::smtp_conversation(std::unique_ptr<net::stream> connection, stand_in_services& services)
    : stream_{std::move(connection)}, services_{services}, lines_{*stream_} {}

async::awaitable<smtp_conversation::next> smtp_conversation::say(std::string text) {
  text += "\r\n";
  const auto sent = co_await stream_->write_one(text);
  co_return sent ? next::go_on : next::end;
}

async::awaitable<std::optional<smtp_conversation::next>> smtp_conversation::suffer(fault_stage stage,
                                                                                   fault_subject subject,
                                                                                   std::string refusal) {
  const auto fault = services_.faults.find("smtp", stage, subject);
  if (!fault) co_return std::nullopt;
  switch (fault->action) {
    case fault_action::slow:
      co_await services_.network.sleep_until(services_.time.steady() + fault->delay);
      co_return std::nullopt;
    case fault_action::refuse: co_return co_await say(std::move(refusal));
    case fault_action::reply: {
      std::string text = fault->reply;
      const bool closes = text.starts_with("421");
      const next after = co_await say(std::move(text));
      co_return closes ? next::end : after;
    }
    case fault_action::stall:
      co_await services_.network.sleep_until(services_.time.steady() + std::chrono::hours{1});
      co_return next::end;
    case fault_action::partial: {
      const std::string half = "250";
      (void)co_await stream_->write_one(half);
      co_return next::end;
    }
    case fault_action::reset: net::reset_connection(*stream_); co_return next::end;
    case fault_action::close:
    case fault_action::accept_then_close:
    case fault_action::discard: co_return next::end;
  }
  co_return std::nullopt;
}

async::awaitable<void> smtp_conversation::run() {
  stream_->expires_at(services_.time.steady() + command_timeout);
  const fault_subject nobody;
  std::optional<next> hit = co_await suffer(fault_stage::connect, nobody, std::string{"554 5.3.2 not now"});
  if (hit) co_return;
  hit = co_await suffer(fault_stage::greeting, nobody, std::string{"554 5.3.2 not now"});
  if (hit) co_return;
  const std::string greeting = "220 mta.simulate ESMTP";
  if (co_await say(greeting) == next::end) co_return;
  for (;;) {
    stream_->expires_at(services_.time.steady() + command_timeout);
    const auto line = co_await lines_.read_line(line_max);
    if (!line) co_return;
    std::string text{*line};
    if (co_await command(std::move(text)) == next::end) co_return;
  }
}

async::awaitable<smtp_conversation::next> smtp_conversation::command(std::string line) {
  const std::string verb = ascii_lower(verb_of(line));
  std::string argument = line.size() > verb.size() ? line.substr(verb.size() + 1) : std::string{};
  if (verb == "mail") co_return co_await mail(std::move(argument));
  if (verb == "rcpt") co_return co_await rcpt(std::move(argument));
  if (verb == "data") co_return co_await data();
  if (verb == "auth") co_return co_await auth(std::move(argument));
  std::string answer = "500 5.5.2 command not recognised";
  if (verb == "ehlo") {
    answer =
        "250-mta.simulate\r\n250-PIPELINING\r\n250-SIZE 60000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-AUTH PLAIN "
        "LOGIN\r\n"
        "250-DSN\r\n250 ENHANCEDSTATUSCODES";
  } else if (verb == "helo") {
    answer = "250 mta.simulate";
  } else if (verb == "rset") {
    answer = "250 2.0.0 ok";
  } else if (verb == "noop") {
    answer = "250 2.0.0 ok";
  } else if (verb == "quit") {
    answer = "221 2.0.0 bye";
  }
  if (verb == "ehlo" || verb == "helo" || verb == "rset") {
    reverse_path_.reset();
    recipients_.clear();
  }
  const next after = co_await say(std::move(answer));
  co_return verb == "quit" ? next::end : after;
}

async::awaitable<smtp_conversation::next> smtp_conversation::auth(std::string argument) {
  // Any credentials do: the stand-in is no vendor's account system; "refuse" at stage mail plays a bad one.
  const bool complete = ascii_lower(argument).starts_with("plain ");
  if (!complete) {
    const int prompts = ascii_lower(argument).starts_with("login") ? 2 : 1;
    for (int i = 0; i < prompts; ++i) {
      const std::string prompt = "334 ";
      if (co_await say(prompt) == next::end) co_return next::end;
      const auto line = co_await lines_.read_line(line_max);
      if (!line) co_return next::end;
    }
  }
  const std::string accepted = "235 2.7.0 accepted";
  co_return co_await say(accepted);
}

async::awaitable<smtp_conversation::next> smtp_conversation::mail(std::string argument) {
  const auto path = path_of(argument);
  fault_subject subject;
  subject.reverse_path = path ? std::string_view{*path} : std::string_view{};
  const auto hit = co_await suffer(fault_stage::mail, subject, std::string{"550 5.7.1 sender not allowed"});
  if (hit) co_return *hit;
  const std::string refused = "501 5.5.4 MAIL FROM:<path>";
  if (!path) co_return co_await say(refused);
  reverse_path_ = *path;
  recipients_.clear();
  const std::string accepted = "250 2.1.0 ok";
  co_return co_await say(accepted);
}

async::awaitable<smtp_conversation::next> smtp_conversation::rcpt(std::string argument) {
  const auto path = path_of(argument);
  fault_subject subject;
  subject.reverse_path = reverse_path_ ? std::string_view{*reverse_path_} : std::string_view{};
  subject.recipient = path ? std::string_view{*path} : std::string_view{};
  const auto hit = co_await suffer(fault_stage::rcpt, subject, std::string{"550 5.1.1 no such user"});
  if (hit) co_return *hit;
  const std::string refused = "503 5.5.1 MAIL and RCPT TO:<path>";
  if (!path || !reverse_path_) co_return co_await say(refused);
  recipients_.push_back(*path);
  const std::string accepted = "250 2.1.5 ok";
  co_return co_await say(accepted);
}

async::awaitable<smtp_conversation::next> smtp_conversation::data() {
  fault_subject subject;
  subject.reverse_path = reverse_path_ ? std::string_view{*reverse_path_} : std::string_view{};
  subject.recipients = recipients_;
  const auto hit = co_await suffer(fault_stage::data, subject, std::string{"554 5.5.1 no"});
  if (hit) co_return *hit;
  const std::string refused = "503 5.5.1 no recipients";
  if (recipients_.empty()) co_return co_await say(refused);
  const std::string go = "354 go ahead";
  if (co_await say(go) == next::end) co_return next::end;
  mail::data_reader reader{message_max};
  while (!reader.complete()) {
    if (lines_.buffered().empty()) {
      const auto filled = co_await lines_.fill();
      if (!filled) {
        record broken = record_of("");
        broken.verdict = "not_complete";
        broken.replied = false;
        services_.records.write(broken);
        co_return next::end;
      }
    }
    lines_.consume(reader.feed(lines_.buffered()));
  }
  if (reader.fault() != mail::framing_fault::none) {
    record broken = record_of("");
    broken.verdict = "refused";
    broken.fault = std::string{to_string(reader.fault())};
    services_.records.write(broken);
    const std::string answer = "550 5.5.2 " + broken.fault;
    co_return co_await say(answer);
  }
  std::string content = reader.take_content();
  co_return co_await finish(std::move(content));
}

record smtp_conversation::record_of(const std::string& content) const {
  record what;
  what.door = "smtp";
  what.reverse_path = reverse_path_.value_or("");
  what.recipients = recipients_;
  what.content = content;
  const auto header = mail::header_section::parse(what.content);
  for (const mail::header_field& field : header.fields()) {
    what.headers.emplace_back(std::string{field.name}, mail::unfold(field.value));
    if (iequals(field.name, "x-mj-customid")) what.attempt = what.headers.back().second;
  }
  return what;
}

async::awaitable<smtp_conversation::next> smtp_conversation::finish(std::string content) {
  record what = record_of(content);
  fault_subject subject;
  const std::string reverse_path = reverse_path_.value_or("");
  subject.reverse_path = reverse_path;
  subject.recipients = recipients_;
  subject.headers = header_lines(content);
  reverse_path_.reset();
  recipients_.clear();
  std::string answer = "250 2.0.0 ok queued";
  const auto fault = services_.faults.find("smtp", fault_stage::dot, subject);
  if (fault) {
    what.fault = std::string{to_string(fault->action)};
    switch (fault->action) {
      case fault_action::refuse:
      case fault_action::reply:
        answer = fault->action == fault_action::reply ? fault->reply : std::string{"554 5.7.1 refused"};
        what.verdict = answer.starts_with("2") ? "accepted" : "refused";
        break;
      case fault_action::slow: co_await services_.network.sleep_until(services_.time.steady() + fault->delay); break;
      case fault_action::close:
      case fault_action::reset:
        what.verdict = "not_complete";
        what.replied = false;
        break;
      case fault_action::stall:
      case fault_action::accept_then_close:
      case fault_action::partial: what.replied = false; break;
      case fault_action::discard: what.verdict = "not_complete"; break;
    }
  }
  services_.records.write(what);
  if (!what.replied) {
    if (fault->action == fault_action::stall) {
      co_await services_.network.sleep_until(services_.time.steady() + std::chrono::hours{1});
    } else if (fault->action == fault_action::partial) {
      const std::string half = "25";
      (void)co_await stream_->write_one(half);
    } else if (fault->action == fault_action::reset) {
      net::reset_connection(*stream_);
    }
    co_return next::end;
  }
  co_return co_await say(std::move(answer));
}

}  // namespace stellwerk::simulate
