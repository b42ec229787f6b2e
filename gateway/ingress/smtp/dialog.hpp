// The server's side of an SMTP conversation without I/O (RFC 5321, 1870, 2034, 2920, 3207, 3461, 4954, 6152, 6409,
// 6531).
//
// Fed with lines and outcomes, it appends replies to `output` and says what to do next; session.cpp does it. It decides
// who is speaking, what is allowed in which order, and every limit that is not time. Thread rule: belongs to one
// session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/net/stream.hpp"
#include "gateway/ingress/admission.hpp"
#include "gateway/ingress/authenticator.hpp"
#include "gateway/ingress/door_pressure.hpp"
#include "gateway/ingress/door_settings.hpp"
#include "mail/content_framing.hpp"
#include "mail/envelope.hpp"
#include "mail/submission.hpp"

namespace stellwerk::ingress::smtp {

enum class step : std::uint8_t {
  read_command,
  start_tls,     // send the output, take no byte that came in clear, handshake, then on_tls
  authenticate,  // check take_credentials(), then on_authenticated
  read_content,  // send the output, read up to CRLF.CRLF, then on_content
  hand_over,     // offer take_submission() to admission, then on_answer
  close,         // send the output and close
};

// Whether the peer has already sent something behind the line.
enum class behind : std::uint8_t { nothing, input };

enum class line_fault : std::uint8_t { too_long, bad_line_end };

enum class farewell : std::uint8_t { timed_out, too_slow, too_much_content, draining, talked_too_early };

inline constexpr std::size_t command_octets_max = 2048;     // with CRLF; RFC 5321 section 4.5.3.1.4 asks for 512
inline constexpr std::size_t auth_line_octets_max = 12288;  // with CRLF; RFC 4954 section 4
inline constexpr std::uint32_t auth_failures_max = 5;       // of one connection

class dialog {
 public:
  // REQUIRES that the settings hold a door of that name.
  dialog(door_settings_ptr settings, std::string_view door_name, std::string peer_ip, const door_pressure& pressure);

  void greet();
  [[nodiscard]] step on_line(std::string_view line, behind rest);  // without CRLF
  [[nodiscard]] step on_line_fault(line_fault fault);
  void on_tls(const net::tls_session_info& session);
  [[nodiscard]] step on_authenticated(auth_verdict verdict);
  [[nodiscard]] step on_content(mail::framing_fault fault);
  [[nodiscard]] step on_no_room();  // the content was read and not kept
  [[nodiscard]] step on_answer(const admission_answer& answer);
  void say_farewell(farewell why);

  // Replies not yet sent; whoever sends them clears it.
  [[nodiscard]] std::string& output() { return output_; }

  [[nodiscard]] credentials take_credentials();
  [[nodiscard]] std::uint64_t content_size_max() const;
  [[nodiscard]] std::uint64_t declared_size() const { return declared_size_; }
  [[nodiscard]] mail::submission take_submission(mail::content_ptr content);
  [[nodiscard]] const client_config& client() const { return *client_; }  // REQUIRES hand_over

  [[nodiscard]] bool in_transaction() const { return in_transaction_; }
  [[nodiscard]] const smtp_door& door() const { return *door_; }
  [[nodiscard]] const std::string& peer_ip() const { return peer_ip_; }
  [[nodiscard]] const door_settings_ptr& settings() const { return settings_; }

  // A reload, between transactions: the client is looked up anew by its name. A door that is gone keeps its settings.
  void refresh(door_settings_ptr settings);

 private:
  enum class auth_exchange : std::uint8_t { none, plain, login_username, login_password };
  struct verb {
    std::string_view name;
    step (dialog::*handle)(std::string_view argument, behind rest);
    bool junk;  // does no work; counted
  };
  static const verb verbs_[];

  // dialog.cpp
  step on_helo(std::string_view argument, behind rest);
  step on_ehlo(std::string_view argument, behind rest);
  step on_noop(std::string_view argument, behind rest);
  step on_rset(std::string_view argument, behind rest);
  step on_vrfy(std::string_view argument, behind rest);
  step on_help(std::string_view argument, behind rest);
  step on_quit(std::string_view argument, behind rest);
  step on_not_implemented(std::string_view argument, behind rest);
  step on_bdat(std::string_view argument, behind rest);
  step on_http(std::string_view argument, behind rest);
  void append_extensions();
  bool take_name(std::string_view argument);
  step say(std::string_view text);
  step say_and_close(std::string_view text);
  step count_error(std::string_view text);
  void forget_transaction();
  void find_client();

  // dialog_transaction.cpp
  step on_mail(std::string_view argument, behind rest);
  step on_rcpt(std::string_view argument, behind rest);
  step on_data(std::string_view argument, behind rest);
  [[nodiscard]] std::string_view obstacle_to_mail() const;
  [[nodiscard]] mail::trace_origin make_origin() const;

  // dialog_auth.cpp
  step on_starttls(std::string_view argument, behind rest);
  step on_auth(std::string_view argument, behind rest);
  step on_auth_line(std::string_view line);
  step take_plain(std::string_view base64);
  step take_login_username(std::string_view base64);
  step take_login_password(std::string_view base64);
  [[nodiscard]] bool auth_offered() const;

  door_settings_ptr settings_;
  const smtp_door* door_;                  // in settings_
  const client_config* client_ = nullptr;  // in settings_; null: nobody we know
  const door_pressure& pressure_;
  const std::string peer_ip_;
  std::string output_;

  std::string helo_;       // empty: not greeted yet
  bool extended_ = false;  // EHLO
  bool tls_ = false;
  bool authenticated_ = false;  // by password or certificate
  bool may_speak_ = false;      // allow_networks

  bool in_transaction_ = false;
  mail::envelope envelope_;
  std::uint64_t declared_size_ = 0;
  bool recipient_refused_ = false;

  auth_exchange exchange_ = auth_exchange::none;
  credentials credentials_;

  std::uint32_t errors_ = 0;
  std::uint32_t junk_ = 0;
  std::uint32_t auth_failures_ = 0;
};

}  // namespace stellwerk::ingress::smtp
