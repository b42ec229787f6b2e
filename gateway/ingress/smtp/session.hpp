// session: performs an SMTP dialog over a stream. One per connection, on the io thread that accepted it.
//
// Everything that is time is here: the time for one command, for the content, the slowest rate, the pause after a wrong
// password, the greeting that an early talker does not wait for. Replies to pipelined commands leave in one write
// (RFC 2920). When the process drains, an idle session is told 421 at once, another one after its transaction.
#pragma once

#include <functional>
#include <memory>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/net/line_stream.hpp"
#include "base/net/stream.hpp"
#include "gateway/ingress/admission.hpp"
#include "gateway/ingress/auth_failures.hpp"
#include "gateway/ingress/authenticator.hpp"
#include "gateway/ingress/ingress_metrics.hpp"
#include "gateway/ingress/smtp/content_memory.hpp"
#include "gateway/ingress/smtp/dialog.hpp"

namespace stellwerk::ingress::smtp {

// Times that are not configured: defaults of the RFCs or of good sense; tests make them short.
struct session_timing {
  duration greeting_pause{std::chrono::milliseconds{2}};  // while few sessions are open; an early talker shows in it
  duration handshake{std::chrono::seconds{10}};
  duration write{std::chrono::seconds{60}};
  duration goodbye{std::chrono::seconds{2}};       // to send a last reply
  duration rate_window{std::chrono::seconds{60}};  // data_rate_min is averaged over it
};

// What sessions of one io thread share; outlives them. The memory is shared by all threads.
struct session_services {
  const clock& time;
  logger& log;
  admission& admit;
  authenticator& passwords;
  auth_failures& failures;
  const door_pressure& pressure;
  const published_settings& settings;
  ingress_metrics& metrics;
  std::function<async::awaitable<void>(steady_point)> sleep_until;
  session_timing timing;
  std::shared_ptr<content_memory> memory = std::make_shared<content_memory>();
};

class session {
 public:
  session(std::unique_ptr<net::stream> connection, door_settings_ptr settings, std::string_view door_name,
          session_services& services);

  // Until the connection ends. `pause`: wait a moment before greeting.
  [[nodiscard]] async::awaitable<void> run(bool pause);

 private:
  enum class outcome : std::uint8_t { go_on, end };

  [[nodiscard]] async::awaitable<outcome> greet(bool pause);
  [[nodiscard]] async::awaitable<outcome> read_commands(step& next);
  [[nodiscard]] async::awaitable<outcome> perform(step& next);
  [[nodiscard]] async::awaitable<outcome> start_tls();
  [[nodiscard]] async::awaitable<outcome> authenticate(step& next);
  [[nodiscard]] async::awaitable<outcome> read_content(step& next);
  [[nodiscard]] async::awaitable<outcome> hand_over(step& next);
  [[nodiscard]] async::awaitable<admission_answer> offer(mail::submission submission);
  [[nodiscard]] async::awaitable<outcome> flush(duration limit);
  [[nodiscard]] async::awaitable<outcome> say_goodbye(farewell why);
  [[nodiscard]] async::awaitable<outcome> end_after(error failure);
  [[nodiscard]] step take_line(const result<std::string_view>& line);
  [[nodiscard]] bool pace_is_bad(std::size_t octets);
  void refresh();

  std::unique_ptr<net::stream> stream_;
  session_services& services_;
  net::line_stream lines_;
  dialog dialog_;
  std::uint64_t generation_;
  mail::content_ptr content_;
  content_share memory_;            // for the content, until it is answered
  std::uint64_t content_read_ = 0;  // on the wire
  steady_point window_start_{};
  std::uint64_t window_octets_ = 0;
  bool interrupted_ = false;  // was asked to stop inside a transaction; the second time is the last
};

}  // namespace stellwerk::ingress::smtp
