#include "adapters/smtp/smtp_connection.hpp"

#include <algorithm>
#include <utility>

namespace stellwerk::adapters::smtp {
namespace {

using mail::attempt_stage;

inline constexpr duration quit_timeout{std::chrono::seconds{2}};

std::string describe(const error& failure) {
  if (failure.is(errc::closed)) return "connection closed by the peer";
  if (failure.is(errc::timed_out)) return "timed out";
  return failure.message();
}

// A limit of zero is none.
steady_point earlier(steady_point at, steady_point limit) { return limit == steady_point{} ? at : std::min(at, limit); }

}  // namespace

smtp_connection::smtp_connection(std::unique_ptr<net::stream> stream, std::size_t host, const smtp_settings& settings,
                                 const clock& time, steady_point began)
    : stream_{std::move(stream)}, host_{host}, settings_{settings}, clock_{time}, first_word_since_{began} {}

duration smtp_connection::timeout_of(attempt_stage stage) const {
  const smtp_timeouts& timeouts = settings_.timeouts;
  switch (stage) {
    case attempt_stage::connect:
    case attempt_stage::greeting:
    case attempt_stage::ehlo:
    case attempt_stage::starttls: return timeouts.greeting;
    case attempt_stage::auth:
    case attempt_stage::mail:
    case attempt_stage::rcpt: return timeouts.command;
    case attempt_stage::data: return timeouts.data_initiation;
    case attempt_stage::dot:
    case attempt_stage::request:
    case attempt_stage::response: break;
  }
  return timeouts.data_termination;
}

void smtp_connection::set_deadline(duration timeout, steady_point limit) {
  deadline_ = earlier(clock_.steady() + timeout, limit);
  stream_->expires_at(deadline_);
}

void smtp_connection::let_go(duration silence) {
  if (!silent_since_) return;
  deadline_ = std::min(deadline_, std::max(clock_.steady(), *silent_since_ + silence));
  stream_->expires_at(deadline_);
}

async::awaitable<void> smtp_connection::open(opening_dialog& dialog, const net::tls_context* tls,
                                             opening_bounds bounds) {
  mail::reply answer;
  std::string trouble;
  for (client_action action = dialog.next(); action.step != client_step::done; action = dialog.next()) {
    const bool is_first_word = action.stage == attempt_stage::greeting && bounds.first_word != steady_point{};
    set_deadline(timeout_of(action.stage),
                 is_first_word ? earlier(bounds.first_word, bounds.deadline) : bounds.deadline);
    if (action.step == client_step::start_tls) {
      co_await start_tls(dialog, tls, bounds.deadline);
      continue;
    }
    if (action.step == client_step::write) {
      trouble = co_await write(action.bytes);
    } else {
      trouble = co_await read_reply(answer);
      if (trouble.empty()) dialog.on_reply(answer);
    }
    if (!trouble.empty()) dialog.on_lost(trouble);
  }
  features_ = dialog.features();
}

async::awaitable<std::string> smtp_connection::secure(const net::tls_context* tls, steady_point deadline) {
  if (tls == nullptr) co_return std::string{"no TLS context"};
  set_deadline(settings_.timeouts.greeting, deadline);
  const result<void> secured = co_await stream_->handshake_client(*tls, settings_.hosts[host_].host);
  co_return secured ? std::string{} : "TLS handshake: " + describe(secured.error());
}

async::awaitable<void> smtp_connection::start_tls(opening_dialog& dialog, const net::tls_context* tls,
                                                  steady_point deadline) {
  if (begin_ != end_) {  // RFC 3207 section 4.2, CVE-2021-38371: said in clear, to be believed inside TLS
    dialog.on_lost("the peer sent more than its reply before the TLS handshake");
    co_return;
  }
  const std::string trouble = co_await secure(tls, deadline);
  if (trouble.empty()) {
    dialog.on_tls_ready();
  } else {
    dialog.on_tls_failed(trouble);
  }
}

async::awaitable<void> smtp_connection::transact(transaction_dialog& dialog, const attempt& what,
                                                 steady_point first_word) {
  ++transactions_;
  first_word_since_ = clock_.steady();
  mail::reply answer;
  std::string trouble;
  for (client_action action = dialog.next(); action.step != client_step::done; action = dialog.next()) {
    if (action.step == client_step::write_content) {
      co_await write_content(dialog, what);
      continue;
    }
    // A message that is handed over is waited for, whatever the attempt's own deadline (RFC 1047).
    const bool handed_over = action.stage == attempt_stage::dot;
    begin_wait(!handed_over);
    // A peer that has said nothing yet since the connection lay idle may be gone: it has the time of a greeting, then a
    // fresh connection tells.
    if (action.stage == attempt_stage::mail && !first_reply_at_) {
      set_deadline(settings_.timeouts.greeting,
                   first_word == steady_point{} ? what.deadline : earlier(first_word, what.deadline));
    } else {
      set_deadline(timeout_of(action.stage), handed_over ? steady_point{} : what.deadline);
    }
    if (action.step == client_step::write) {
      trouble = co_await write(action.bytes);
    } else {
      // Not as `?:`: g++ 12 destroys the other arm's string as well.
      trouble.clear();
      if (!take_buffered_reply(answer)) trouble = co_await read_reply(answer);
      if (trouble.empty()) dialog.on_reply(answer);
    }
    if (!trouble.empty()) dialog.on_lost(trouble);
  }
  begin_wait(false);
}

async::awaitable<void> smtp_connection::write_content(transaction_dialog& dialog, const attempt& what) {
  content_blocks blocks{*what.content};
  while (!blocks.finished()) {
    begin_wait(true);
    set_deadline(settings_.timeouts.data_block, what.deadline);
    // A peer that hangs up or refuses before the end is seen before the end is sent: certainly not accepted.
    if (stale()) {
      mail::reply answer;
      const std::string trouble = co_await read_reply(answer);
      if (trouble.empty()) {
        dialog.on_reply(answer);
      } else {
        dialog.on_lost(trouble);
      }
      co_return;
    }
    if (blocks.at_last()) {
      begin_wait(false);
      dialog.on_content_committed();
    }
    const std::span<const std::string_view> parts = blocks.next();
    const result<void> written = co_await stream_->write_all(parts);
    if (!written) {
      const std::string trouble = describe(written.error());
      dialog.on_lost(trouble);
      co_return;
    }
  }
}

async::awaitable<void> smtp_connection::quit() {
  set_deadline(quit_timeout, steady_point{});
  const std::string ignored = co_await write("QUIT\r\n");
  stream_->close();
}

async::awaitable<std::string> smtp_connection::write(std::string_view bytes) {
  const std::array<std::string_view, 1> parts{bytes};
  const std::span<const std::string_view> all{parts};
  const result<void> written = co_await stream_->write_all(all);
  co_return written ? std::string{} : describe(written.error());
}

bool smtp_connection::take_buffered_reply(mail::reply& into) {
  begin_ += parser_.feed(std::string_view{buffer_.data() + begin_, end_ - begin_});
  if (!parser_.complete()) return false;
  into = parser_.take();
  const steady_point now = clock_.steady();
  if (!first_reply_at_) first_reply_at_ = now;
  if (const auto since = std::exchange(first_word_since_, std::nullopt)) {
    const auto took = std::chrono::duration_cast<duration>(now - *since);
    slowest_first_word_ = std::max(slowest_first_word_, std::min(took, settings_.timeouts.greeting));
  }
  return true;
}

async::awaitable<std::string> smtp_connection::read_reply(mail::reply& into) {
  while (!take_buffered_reply(into)) {
    if (parser_.malformed()) co_return std::string{"what the peer sent is no SMTP reply"};
    begin_ = 0;
    end_ = 0;
    const std::span<char> room{buffer_};
    const result<std::size_t> got = co_await stream_->read_some(room);
    if (!got) co_return describe(got.error());
    end_ = *got;
  }
  co_return std::string{};
}

}  // namespace stellwerk::adapters::smtp
