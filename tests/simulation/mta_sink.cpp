#include "tests/simulation/mta_sink.hpp"

#include "mail/header_section.hpp"

namespace stellwerk::simulation {
namespace {

constexpr std::size_t line_max = 4096;
constexpr std::string_view end_of_data = "\r\n.\r\n";

std::string path_in(std::string_view line) {
  const auto open = line.find('<');
  const auto close = line.find('>', open);
  return open == std::string_view::npos ? std::string{} : std::string{line.substr(open + 1, close - open - 1)};
}

// What RFC 5321 section 4.5.2 says, written down once more.
std::string unstuffed(std::string_view wire) {
  std::string content;
  for (std::size_t at = 0; at < wire.size();) {
    const auto end = wire.find("\r\n", at) + 2;
    const std::string_view line = wire.substr(at, end - at);
    content += line.starts_with('.') ? line.substr(1) : line;
    at = end;
  }
  return content;
}

bool is_intact(const truth& told, const std::string& token, const std::string& reverse_path, std::string_view content) {
  const message_record* sent = told.message(token);
  if (sent == nullptr) return reverse_path.empty();  // a notification
  return reverse_path == sent->reverse_path &&
         content.substr(mail::header_section::parse(content).body_offset()) == sent->body;
}

}  // namespace

void mta_sink::serve(std::unique_ptr<test::memory_stream> connection) {
  auto with = std::make_unique<conversation>(links::link{world_.connections, std::move(connection)});
  world_.tasks.spawn(traits_.name, converse(std::move(with)));
}

async::awaitable<mta_sink::next> mta_sink::say(conversation& with, std::string text) {
  text += "\r\n";
  const bool ends = text.starts_with("421");
  const result<void> written = co_await with.link.stream().write_one(text);
  co_return written && !ends ? next::go_on : next::end;
}

async::awaitable<void> mta_sink::converse(std::unique_ptr<conversation> with) {
  next state = co_await greet(*with);
  while (state == next::go_on) {
    with->link.stream().expires_at(world_.time.steady() + std::chrono::minutes{10});
    const auto line = co_await with->lines.read_line(line_max);
    if (!line) co_return;
    std::string text{*line};
    state = co_await command(*with, std::move(text));
  }
}

async::awaitable<mta_sink::next> mta_sink::greet(conversation& with) {
  if (trouble()) {
    switch (dice_.between(0, 3)) {
      case 0: co_return next::end;
      case 1: co_return co_await say(with, std::string{"421 4.3.2 too busy"});
      case 2: co_return co_await say(with, std::string{"554 5.3.2 no service here"});
      default: co_await world_.pause(dice_.between_ms(500, 20'000));
    }
  }
  co_return co_await say(with, std::string{"220 "} + traits_.name);
}

async::awaitable<mta_sink::next> mta_sink::command(conversation& with, std::string line) {
  if (line.starts_with("MAIL")) co_return co_await mail(with, path_in(line));
  if (line.starts_with("RCPT")) co_return co_await rcpt(with, path_in(line));
  if (line.starts_with("DATA")) co_return co_await data(with);
  if (line.starts_with("QUIT")) co_return next::end;
  if (line.starts_with("EHLO")) {
    std::string features = "250-" + traits_.name + "\r\n";
    if (traits_.pipelining) features += "250-PIPELINING\r\n";
    co_return co_await say(with, features + "250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN");
  }
  with.in_mail = false;
  co_return co_await say(with, std::string{line.starts_with("RSET") ? "250 2.0.0 ok" : "500 5.5.2 what?"});
}

async::awaitable<mta_sink::next> mta_sink::mail(conversation& with, std::string reverse_path) {
  with.in_mail = false;
  with.reverse_path = std::move(reverse_path);
  with.recipients.clear();
  if (trouble()) {
    switch (dice_.between(0, 5)) {
      case 0: co_return next::end;
      case 1: co_return co_await say(with, std::string{"421 4.3.2 going down"});
      case 2: co_return co_await say(with, std::string{"452 4.3.1 no room"});
      case 3: co_return co_await say(with, std::string{"550 5.7.1 sender not verified"});
      case 4: co_return co_await say(with, std::string{"451 4.7.1 later"});
      default: co_await world_.pause(dice_.between_ms(100, 30'000));
    }
  }
  with.in_mail = true;
  co_return co_await say(with, std::string{"250 2.1.0 ok"});
}

async::awaitable<mta_sink::next> mta_sink::rcpt(conversation& with, std::string address) {
  if (!with.in_mail) co_return co_await say(with, std::string{"503 5.5.1 MAIL first"});
  candidates whose = world_.told.in_flight(traits_.name, address);
  if (trouble()) {
    switch (dice_.between(0, 5)) {
      case 0: co_return next::end;
      case 1: co_return co_await say(with, std::string{"421 4.3.2 going down"});
      case 2: co_return co_await say(with, std::string{"450 4.2.1 greylisted"});
      case 3:
        for (const auto& [pair, attempt] : whose) world_.told.refused_for_good(pair);
        co_return co_await say(with, std::string{"550 5.1.1 no such mailbox"});
      case 4: co_return co_await say(with, std::string{"452 4.2.2 mailbox full"});
      default: co_await world_.pause(dice_.between_ms(100, 30'000));
    }
  }
  with.recipients.emplace_back(std::move(address), std::move(whose));
  co_return co_await say(with, std::string{"250 2.1.5 ok"});
}

async::awaitable<mta_sink::next> mta_sink::data(conversation& with) {
  if (with.recipients.empty()) co_return co_await say(with, std::string{"554 5.5.1 no recipients"});
  if (trouble()) {
    switch (dice_.between(0, 4)) {
      case 0: co_return next::end;
      case 1: co_return co_await say(with, std::string{"421 4.3.2 going down"});
      case 2: co_return co_await say(with, std::string{"451 4.3.0 later"});
      case 3: refuse_all(with); co_return co_await say(with, std::string{"554 5.6.0 not this"});
      default: co_await world_.pause(dice_.between_ms(100, 30'000));
    }
  }
  if (co_await say(with, std::string{"354 go on"}) == next::end) co_return next::end;
  const std::size_t enough = trouble() && dice_.one_in(3) ? dice_.between(1, 400) : ~0ULL;
  std::string wire = "\r\n";  // the end may come at once
  std::size_t end = std::string::npos;
  while (end == std::string::npos) {
    if (with.lines.buffered().empty()) {
      const auto filled = co_await with.lines.fill();
      if (!filled) co_return next::end;  // not complete: not taken
    }
    wire += with.lines.buffered();
    with.lines.consume(with.lines.buffered().size());
    if (wire.size() > enough) co_return next::end;
    end = wire.find(end_of_data);
  }
  if (wire.size() != end + end_of_data.size()) world_.told.violation("bytes behind the end of data at " + traits_.name);
  std::string content = unstuffed(std::string_view{wire}.substr(2, end + 2 - 2));
  co_return co_await dot(with, std::move(content));
}

async::awaitable<mta_sink::next> mta_sink::dot(conversation& with, std::string content) {
  with.in_mail = false;
  if (!trouble()) {
    take(with, content);
    co_return co_await say(with, std::string{"250 2.0.0 taken"});
  }
  switch (dice_.between(0, 8)) {
    case 0: co_return next::end;
    case 1: co_return co_await say(with, std::string{"421 4.3.2 going down"});
    case 2: co_return co_await say(with, std::string{"451 4.3.0 later"});
    case 3: co_return co_await say(with, std::string{"452 4.3.1 no room"});
    case 4: refuse_all(with); co_return co_await say(with, std::string{"554 5.6.0 not this"});
    case 5: refuse_all(with); co_return co_await say(with, std::string{"550 5.7.1 blocked"});
    default: co_return co_await take_and_hide(with, content);
  }
}

// Taken, and the gateway does not learn it, or learns it late.
async::awaitable<mta_sink::next> mta_sink::take_and_hide(conversation& with, const std::string& content) {
  if (dice_.one_in(2)) co_await world_.pause(dice_.between_ms(10, 5'000));
  take(with, content);
  switch (dice_.between(0, 4)) {
    case 0: co_return next::end;
    case 1: with.link.stream().reset(); co_return next::end;
    case 2: co_await world_.pause(std::chrono::minutes{5}); co_return next::end;
    case 3: {
      const std::string part = "25";
      (void)co_await with.link.stream().write_one(part);
      co_return next::end;
    }
    default:
      co_await world_.pause(dice_.between_ms(1'000, 90'000));
      co_return co_await say(with, std::string{"250 2.0.0 taken, at last"});
  }
}

void mta_sink::take(conversation& with, const std::string& content) {
  const std::string token = token_of(content);
  const bool intact = is_intact(world_.told, token, with.reverse_path, content);
  ++taken_;
  for (const auto& [address, whose] : with.recipients) {
    std::string attempt;
    for (const auto& [pair, id] : whose) {
      if (pair.token == token) attempt = id;
    }
    world_.told.taken({token, address}, traits_.name, traits_.home_zone, attempt, intact);
  }
  with.recipients.clear();
}

void mta_sink::refuse_all(conversation& with) {
  for (const auto& [address, whose] : with.recipients) {
    for (const auto& [pair, attempt] : whose) world_.told.refused_for_good(pair);
  }
}

}  // namespace stellwerk::simulation
