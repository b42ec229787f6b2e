// smtp_connection: performs what the dialogs decide over one stream. Thread-bound; used by one attempt at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/destination_config.hpp"
#include "adapters/smtp/content_blocks.hpp"
#include "adapters/smtp/opening_dialog.hpp"
#include "adapters/smtp/transaction_dialog.hpp"
#include "base/clock.hpp"
#include "base/net/stream.hpp"
#include "mail/reply.hpp"

namespace stellwerk::adapters::smtp {

// How long a peer is waited for before anything of a message is on its way. Zero points: no such bound.
struct opening_bounds {
  steady_point deadline{};      // of all that follows
  steady_point first_word{};    // of the greeting, or of the first reply after a time of idleness
  duration first_word_each{0};  // whatever is left of that: of whoever is asked next
};

// When the first word of whoever is asked now has to be there, if `parts` are asked in turn: the first of equal parts
// of the time that is left, and not less than each may take.
[[nodiscard]] inline steady_point share_of_first_word(const opening_bounds& bounds, steady_point now,
                                                      std::size_t parts) {
  if (bounds.first_word == steady_point{}) return bounds.first_word;
  const steady_point::duration part = (bounds.first_word - now) / static_cast<long long>(parts);
  return now + std::max<steady_point::duration>(part, bounds.first_word_each);
}

class smtp_connection {
 public:
  // Borrows the settings and the clock. `began`: when it was asked for.
  smtp_connection(std::unique_ptr<net::stream> stream, std::size_t host, const smtp_settings& settings,
                  const clock& time, steady_point began);

  // TLS from the first octet (RFC 8314); what went wrong, or "". `tls` may be null: that is a failure.
  [[nodiscard]] async::awaitable<std::string> secure(const net::tls_context* tls, steady_point deadline);
  // Up to ready for MAIL, or a failure in the dialog. `tls` may be null where TLS is off.
  [[nodiscard]] async::awaitable<void> open(opening_dialog& dialog, const net::tls_context* tls, opening_bounds bounds);
  // One transaction; `what` outlives it. Its deadline never cuts the wait for the reply after the dot.
  [[nodiscard]] async::awaitable<void> transact(transaction_dialog& dialog, const attempt& what,
                                                steady_point first_word);
  // During a transaction: a wait before the content is committed ends when the peer has been silent for so long.
  void let_go(duration silence);
  // QUIT, without waiting for the answer.
  [[nodiscard]] async::awaitable<void> quit();

  [[nodiscard]] const peer_features& features() const { return features_; }
  [[nodiscard]] std::size_t host() const { return host_; }  // its position in the settings
  [[nodiscard]] const std::string& host_name() const { return settings_.hosts[host_].host; }
  [[nodiscard]] std::string peer() const { return stream_->peer().to_string(); }
  [[nodiscard]] std::uint32_t transactions() const { return transactions_; }
  // Idle, and the peer has said or closed something: not to be used again.
  [[nodiscard]] bool stale() { return begin_ != end_ || stream_->readable_or_closed(); }
  // When the first reply since the last call of await_first_reply() was complete.
  [[nodiscard]] std::optional<steady_point> first_reply_at() const { return first_reply_at_; }
  void await_first_reply() {
    first_reply_at_.reset();
    slowest_first_word_ = duration{0};
  }
  // Since then: of the greeting and the first reply of each transaction, the one that took longest.
  [[nodiscard]] duration slowest_first_word() const { return slowest_first_word_; }

 private:
  [[nodiscard]] async::awaitable<void> start_tls(opening_dialog& dialog, const net::tls_context* tls,
                                                 steady_point deadline);
  [[nodiscard]] async::awaitable<void> write_content(transaction_dialog& dialog, const attempt& what);
  [[nodiscard]] async::awaitable<std::string> write(std::string_view bytes);
  [[nodiscard]] async::awaitable<std::string> read_reply(mail::reply& into);
  [[nodiscard]] bool take_buffered_reply(mail::reply& into);
  void set_deadline(duration timeout, steady_point limit);
  // What is waited for from here on may be given up without a doubt about the message, or may not.
  void begin_wait(bool nothing_committed) {
    silent_since_ = nothing_committed ? std::optional{clock_.steady()} : std::nullopt;
  }
  [[nodiscard]] duration timeout_of(mail::attempt_stage stage) const;

  std::unique_ptr<net::stream> stream_;
  std::size_t host_;
  const smtp_settings& settings_;
  const clock& clock_;
  peer_features features_;
  mail::reply_parser parser_;
  std::array<char, 4096> buffer_;
  std::size_t begin_ = 0;  // unread octets of the buffer
  std::size_t end_ = 0;
  std::optional<steady_point> first_reply_at_;
  std::optional<steady_point> first_word_since_;  // waited for since then
  duration slowest_first_word_{0};
  std::optional<steady_point> silent_since_;  // see let_go()
  steady_point deadline_{};                   // of the stream
  std::uint32_t transactions_ = 0;
};

}  // namespace stellwerk::adapters::smtp
