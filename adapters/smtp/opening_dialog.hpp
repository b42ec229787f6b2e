// The opening of a client session: greeting, EHLO, STARTTLS, EHLO, AUTH; HELO with a peer that does not know EHLO (RFC
// 5321 section 3.2), which offers nothing then. Sans-I/O; ends ready for MAIL or with the
// outcome for whoever waits for this host.
//
// Refuses: credentials on a connection without TLS unless TLS is switched off on purpose; a clear session where TLS is
// required. RFC 5321, 3207, 4954.
#pragma once

#include <optional>
#include <string>

#include "adapters/destination_config.hpp"
#include "adapters/smtp/client_action.hpp"
#include "adapters/smtp/peer_features.hpp"
#include "mail/reply.hpp"

namespace stellwerk::adapters::smtp {

enum class channel : std::uint8_t {
  clear,           // STARTTLS as the mode says
  clear_for_good,  // opportunistic, after TLS failed once with this host
  encrypted,       // TLS came with the connection (port 465)
};

class opening_dialog {
 public:
  // Borrows the settings.
  opening_dialog(const smtp_settings& settings, channel state) : settings_{settings}, channel_{state} {}

  [[nodiscard]] client_action next();
  void on_reply(const mail::reply& answer);
  void on_tls_ready();
  void on_tls_failed(std::string_view why);
  void on_lost(std::string_view why);

  [[nodiscard]] bool ready() const { return state_ == state::ready; }
  [[nodiscard]] const peer_features& features() const { return features_; }
  // REQUIRES done and not ready().
  [[nodiscard]] const mail::recipient_outcome& failure() const { return failure_; }
  // The failure is one of TLS itself: an opportunistic session may be tried again in clear on a new connection.
  [[nodiscard]] bool tls_failed() const { return tls_failed_; }

 private:
  // What the peer is to answer next, or where the dialog ended.
  enum class state : std::uint8_t {
    greeting,
    ehlo,
    helo,
    starttls,
    handshake,
    auth,
    login_user,
    login_password,
    ready,
    failed
  };

  void send(state awaited, std::string line);
  void fail(mail::recipient_outcome why);
  [[nodiscard]] mail::attempt_stage stage() const;
  void on_positive(const mail::reply& answer);
  void on_challenge();
  void choose_after_ehlo();
  void choose_auth();
  [[nodiscard]] std::string plain_response() const;

  const smtp_settings& settings_;
  channel channel_;
  state state_ = state::greeting;
  std::string line_;
  bool line_unsent_ = false;
  peer_features features_;
  mail::recipient_outcome failure_;
  bool tls_failed_ = false;
};

}  // namespace stellwerk::adapters::smtp
