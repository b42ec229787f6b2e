// One mail transaction of a client: MAIL, RCPT, DATA, content, reply after the dot; sans-I/O. The paragraph "SMTP
// client, by stage" of architecture section 4, with the meaning of each reply in classify.hpp.
//
// Every recipient ends with a fate, whatever happens: a reply that never came is "lost before the content", which is
// certainly not accepted, or from the last write on "unknown". RFC 5321, RFC 2920. Thread rule: belongs to one attempt.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "adapters/attempt.hpp"
#include "adapters/smtp/client_action.hpp"
#include "adapters/smtp/peer_features.hpp"
#include "mail/reply.hpp"

namespace stellwerk::adapters::smtp {

class transaction_dialog {
 public:
  enum class progress : std::uint8_t {
    unanswered,
    accepted,  // at RCPT, and waits for what becomes of the content
    again,     // the transaction was full: belongs into another one now; `outcome` holds if there can be none
    settled,
  };
  struct fate {
    progress at = progress::unanswered;
    mail::recipient_outcome outcome;
  };

  // Borrows all three; `recipients` are positions in what.recipients. What the peer cannot carry is settled here.
  transaction_dialog(const attempt& what, std::span<const std::size_t> recipients, const peer_features& peer);

  [[nodiscard]] client_action next();
  void on_reply(const mail::reply& answer);
  // The connection failed, or what came is no reply.
  void on_lost(std::string_view why);
  // The write holding the last octet of CRLF.CRLF is about to start. A reply that is told before it is a refusal.
  void on_content_committed();

  // When done: in the order of `recipients`; none is unanswered or accepted.
  [[nodiscard]] const std::vector<fate>& fates() const { return fates_; }
  // The session can carry another transaction.
  [[nodiscard]] bool reusable() const { return reusable_; }
  // The peer only said goodbye or nothing at all: a session that had been idle was dead, and nobody has seen anything.
  [[nodiscard]] bool untouched() const { return untouched_; }

 private:
  enum class phase : std::uint8_t { envelope, content, dot, lone_dot, lone_dot_reply, write_reset, reset, done };

  void check_capabilities();
  [[nodiscard]] bool needs_smtputf8() const;
  [[nodiscard]] bool asks_for_dsn() const;
  [[nodiscard]] client_action write_commands();
  void append_command(std::size_t position);
  void on_envelope_reply(const mail::reply& answer);
  void on_rcpt(fate& whose, const mail::reply& answer);
  void on_data(const mail::reply& answer);
  void on_dot(const mail::reply& answer);
  void on_refused_data(const mail::reply& answer);
  void settle_open(const mail::recipient_outcome& outcome);
  void finish(bool reusable);
  [[nodiscard]] mail::attempt_stage stage() const;

  const attempt& what_;
  std::span<const std::size_t> recipients_;
  const peer_features& peer_;
  std::vector<fate> fates_;
  std::string out_;
  phase phase_ = phase::envelope;
  // Positions of envelope commands: 0 is MAIL, 1 to n RCPT, n + 1 DATA.
  std::size_t written_ = 0;
  std::size_t answered_ = 0;
  std::size_t accepted_ = 0;
  bool smtputf8_ = false;
  bool mail_accepted_ = false;
  bool committed_ = false;
  bool reusable_ = false;
  bool untouched_ = true;
};

}  // namespace stellwerk::adapters::smtp
