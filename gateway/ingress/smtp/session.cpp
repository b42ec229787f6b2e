#include "gateway/ingress/smtp/session.hpp"

#include <utility>

#include "mail/dot_stuffing.hpp"

namespace stellwerk::ingress::smtp {
namespace {

// Longer than any line that is taken, so that a line just over its limit is seen and answered for what it is.
constexpr std::size_t line_octets_max = 16 * 1024;

// After a fault the content is read on to its true end, so that the session stays in step; but not for ever.
constexpr std::uint64_t excess_octets_max = 100'000'000;

}  // namespace

session::session(std::unique_ptr<net::stream> connection, door_settings_ptr settings, std::string_view door_name,
                 session_services& services)
    : stream_{std::move(connection)},
      services_{services},
      lines_{*stream_},
      dialog_{std::move(settings), door_name, stream_->peer().ip, services.pressure},
      generation_{services.settings.generation()},
      memory_{*services.memory} {}

async::awaitable<void> session::run(bool pause) {
  outcome state = co_await greet(pause);
  step next = step::read_command;
  while (state == outcome::go_on) {
    if (next == step::read_command) {
      state = co_await read_commands(next);
    } else if (next == step::close) {
      co_await flush(services_.timing.goodbye);
      state = outcome::end;
    } else {
      state = co_await perform(next);
    }
  }
  stream_->close();
}

async::awaitable<session::outcome> session::greet(bool pause) {
  if (dialog_.door().config.tls == server_tls_mode::implicit) {
    const outcome secured = co_await start_tls();
    if (secured == outcome::end) co_return secured;
  } else {
    if (pause && services_.timing.greeting_pause > duration{0})
      co_await services_.sleep_until(services_.time.steady() + services_.timing.greeting_pause);
    if (stream_->readable_or_closed()) {
      services_.metrics.smtp_connections_refused_early.add();
      co_return co_await say_goodbye(farewell::talked_too_early);
    }
  }
  dialog_.greet();
  co_return outcome::go_on;
}

// Handles what has arrived up to the first step that needs more than lines; the replies leave together.
async::awaitable<session::outcome> session::read_commands(step& next) {
  if (!lines_.has_line()) {
    const outcome sent = co_await flush(services_.timing.write);
    if (sent == outcome::end) co_return sent;
    // One deadline for the whole line: drops of octets do not extend it.
    stream_->expires_at(services_.time.steady() + dialog_.door().config.command_timeout);
  }
  const result<std::string_view> line = co_await lines_.read_line(line_octets_max);
  if (!line && !line.error().is(errc::line_too_long)) co_return co_await end_after(line.error());
  refresh();
  next = take_line(line);
  co_return outcome::go_on;
}

step session::take_line(const result<std::string_view>& line) {
  if (!line) return dialog_.on_line_fault(line_fault::too_long);
  if (lines_.last_ending() == net::line_ending::lf) return dialog_.on_line_fault(line_fault::bad_line_end);
  return dialog_.on_line(*line, lines_.buffered().empty() ? behind::nothing : behind::input);
}

void session::refresh() {
  if (dialog_.in_transaction()) return;
  const std::uint64_t now = services_.settings.generation();
  if (now == generation_) return;
  generation_ = now;
  dialog_.refresh(services_.settings.load());
}

async::awaitable<session::outcome> session::perform(step& next) {
  switch (next) {
    case step::start_tls: {
      next = step::read_command;
      const outcome sent = co_await flush(services_.timing.write);
      if (sent == outcome::end) co_return sent;
      co_return co_await start_tls();
    }
    case step::authenticate: co_return co_await authenticate(next);
    case step::read_content: co_return co_await read_content(next);
    case step::hand_over: co_return co_await hand_over(next);
    case step::read_command:
    case step::close: break;
  }
  co_return outcome::end;
}

async::awaitable<session::outcome> session::start_tls() {
  const auto context = dialog_.door().tls;
  lines_.drop_buffered();
  stream_->expires_at(services_.time.steady() + services_.timing.handshake);
  const result<void> secured = co_await stream_->handshake_server(*context);
  if (!secured) {
    services_.log.info("tls_failed", {{"listener", dialog_.door().config.name}, {"reason", secured.error().message()}});
    co_return outcome::end;
  }
  dialog_.on_tls(*stream_->tls());
  co_return outcome::go_on;
}

async::awaitable<session::outcome> session::authenticate(step& next) {
  credentials offered = dialog_.take_credentials();
  const std::string account = offered.username;
  const auth_verdict verdict = co_await services_.passwords.check(dialog_.settings(), std::move(offered));
  if (verdict == auth_verdict::refused) {
    services_.metrics.auth_refused.add();
    services_.log.info("auth_refused", {{"listener", dialog_.door().config.name}, {"peer", dialog_.peer_ip()}});
    const steady_point now = services_.time.steady();
    const duration delay = services_.failures.record_failure(dialog_.peer_ip(), account, now);
    if (delay > duration{0}) co_await services_.sleep_until(now + delay);
  } else {
    (verdict == auth_verdict::accepted ? services_.metrics.auth_accepted : services_.metrics.auth_unavailable).add();
  }
  next = dialog_.on_authenticated(verdict);
  co_return outcome::go_on;
}

// Averaged over a window: slow networks pass, a connection held open octet by octet does not.
bool session::pace_is_bad(std::size_t octets) {
  window_octets_ += octets;
  const steady_point now = services_.time.steady();
  const std::chrono::duration<double> elapsed = now - window_start_;
  if (elapsed < services_.timing.rate_window) return false;
  const bool bad = static_cast<double>(window_octets_) < elapsed.count() * dialog_.door().config.data_rate_min;
  window_start_ = now;
  window_octets_ = 0;
  return bad;
}

async::awaitable<session::outcome> session::read_content(step& next) {
  const outcome sent = co_await flush(services_.timing.write);
  if (sent == outcome::end) co_return sent;
  mail::data_reader reader{dialog_.content_size_max()};
  reader.expect(dialog_.declared_size());
  bool no_room = false;
  content_read_ = 0;
  window_octets_ = 0;
  window_start_ = services_.time.steady();
  while (!reader.complete()) {
    if (lines_.buffered().empty()) {
      stream_->expires_at(services_.time.steady() + dialog_.door().config.data_timeout);
      const result<void> filled = co_await lines_.fill();
      // Asked to stop: the transaction that has begun is finished first.
      if (!filled && filled.error().is(errc::cancelled) && !std::exchange(interrupted_, true)) continue;
      if (!filled) co_return co_await end_after(filled.error());
    }
    const std::size_t taken = reader.feed(lines_.buffered());
    lines_.consume(taken);
    content_read_ += taken;
    if (!memory_.grow_to(reader.size())) {
      // Read on to the true end without keeping anything.
      reader.give_up();
      memory_.release();
      no_room = true;
    }
    if (reader.complete()) break;
    if (pace_is_bad(taken)) co_return co_await say_goodbye(farewell::too_slow);
    if (content_read_ > dialog_.content_size_max() + excess_octets_max)
      co_return co_await say_goodbye(farewell::too_much_content);
  }
  next = no_room ? dialog_.on_no_room() : dialog_.on_content(reader.fault());
  if (next == step::hand_over) {
    content_ = std::make_shared<const std::string>(reader.take_content());
    co_return outcome::go_on;
  }
  memory_.release();
  const refusal_kind why = no_room                                            ? refusal_kind::queue_full
                           : reader.fault() == mail::framing_fault::too_large ? refusal_kind::too_large
                                                                              : refusal_kind::malformed;
  services_.metrics.door(mail::ingress_kind::smtp, dialog_.door().config.name).count_refused(why, std::nullopt);
  co_return outcome::go_on;
}

async::awaitable<session::outcome> session::hand_over(step& next) {
  mail::submission submission = dialog_.take_submission(std::exchange(content_, nullptr));
  const admission_answer answer = co_await offer(std::move(submission));
  memory_.release();
  next = dialog_.on_answer(answer);
  co_return outcome::go_on;
}

// Whatever goes wrong inside admission, the client keeps its message and the session goes on.
async::awaitable<admission_answer> session::offer(mail::submission submission) {
  try {
    co_return co_await services_.admit.admit(std::move(submission), dialog_.client());
  } catch (const std::exception& thrown) {
    services_.log.error("admission_failed", {{"what", thrown.what()}});
  }
  refusal refused;
  refused.kind = refusal_kind::store_failed;
  refused.text = "the message could not be taken, try again later";
  co_return refused;
}

async::awaitable<session::outcome> session::flush(duration limit) {
  std::string& output = dialog_.output();
  if (output.empty()) co_return outcome::go_on;
  stream_->expires_at(services_.time.steady() + limit);
  const result<void> written = co_await stream_->write_one(output);
  output.clear();
  co_return written ? outcome::go_on : outcome::end;
}

async::awaitable<session::outcome> session::say_goodbye(farewell why) {
  dialog_.say_farewell(why);
  co_await flush(services_.timing.goodbye);
  co_return outcome::end;
}

async::awaitable<session::outcome> session::end_after(error failure) {
  if (failure.is(errc::timed_out)) co_return co_await say_goodbye(farewell::timed_out);
  if (!failure.is(errc::cancelled)) co_return outcome::end;
  // Asked to stop while waiting for a command.
  if (dialog_.in_transaction() && !std::exchange(interrupted_, true)) co_return outcome::go_on;
  co_return co_await say_goodbye(farewell::draining);
}

}  // namespace stellwerk::ingress::smtp
