#include "adapters/smtp/transaction_dialog.hpp"

#include <algorithm>

#include "adapters/smtp/classify.hpp"
#include "adapters/smtp/envelope_commands.hpp"
#include "base/planted_defect.hpp"
#include "base/text.hpp"

namespace stellwerk::adapters::smtp {

using mail::attempt_outcome;
using mail::attempt_stage;

transaction_dialog::transaction_dialog(const attempt& what, std::span<const std::size_t> recipients,
                                       const peer_features& peer)
    : what_{what}, recipients_{recipients}, peer_{peer}, fates_(recipients.size()) {
  check_capabilities();
}

// What the peer did not offer is decided before anything is sent, so the session stays clean.
void transaction_dialog::check_capabilities() {
  const bool needs_utf8 = needs_smtputf8();
  const auto fits = [this](std::size_t at) { return fits_in_command(what_.recipients[at].address); };
  if (!fits_in_command(what_.reverse_path) || !std::ranges::all_of(recipients_, fits)) {
    mail::recipient_outcome ours = lost_before_content(attempt_stage::mail, "an address holds a line break");
    ours.outcome = attempt_outcome::adapter_fault;
    settle_open(ours);
  } else if (peer_.size && peer_.size_max != 0 && what_.content->size() > peer_.size_max) {
    settle_open(beyond_capability("size", "5.3.4", "larger than the SIZE the peer offers"));
  } else if (needs_utf8 && !peer_.smtputf8) {
    settle_open(beyond_capability("smtputf8", "5.6.7", "needs SMTPUTF8, which the peer does not offer"));
  } else if (what_.body_8bitmime && !peer_.eight_bit_mime) {
    settle_open(beyond_capability("8bitmime", "5.6.3", "has 8-bit content, and the peer does not offer 8BITMIME"));
  } else {
    smtputf8_ = peer_.smtputf8 && (needs_utf8 || what_.smtputf8);
    return;
  }
  finish(true);
}

// A client that declares the extension out of habit needs it only where an address or the header section is not ASCII.
bool transaction_dialog::needs_smtputf8() const {
  const auto is_international = [this](std::size_t at) { return !is_ascii(what_.recipients[at].address); };
  if (!is_ascii(what_.reverse_path) || std::ranges::any_of(recipients_, is_international)) return true;
  if (!what_.smtputf8 || peer_.smtputf8) return false;
  const std::string_view content = *what_.content;
  return !is_ascii(content.substr(0, content.find("\r\n\r\n")));
}

bool transaction_dialog::asks_for_dsn() const {
  if (what_.return_full || !what_.envelope_id.empty()) return true;
  return std::ranges::any_of(recipients_, [this](std::size_t at) { return !is_default(what_.recipients[at].dsn); });
}

client_action transaction_dialog::next() {
  switch (phase_) {
    case phase::envelope:
      if (answered_ == written_) return write_commands();
      return {client_step::read_reply, stage(), {}};
    case phase::content: return {client_step::write_content, attempt_stage::dot, {}};
    case phase::lone_dot: phase_ = phase::lone_dot_reply; return {client_step::write, attempt_stage::data, ".\r\n"};
    case phase::write_reset: phase_ = phase::reset; return {client_step::write, attempt_stage::mail, "RSET\r\n"};
    case phase::dot:
    case phase::lone_dot_reply:
    case phase::reset: return {client_step::read_reply, stage(), {}};
    case phase::done: break;
  }
  return {client_step::done, stage(), {}};
}

attempt_stage transaction_dialog::stage() const {
  if (phase_ == phase::content || phase_ == phase::dot) return attempt_stage::dot;
  if (phase_ != phase::envelope) return attempt_stage::data;
  if (answered_ == 0) return attempt_stage::mail;
  return answered_ <= recipients_.size() ? attempt_stage::rcpt : attempt_stage::data;
}

// With PIPELINING everything up to DATA in one write, else command by command.
client_action transaction_dialog::write_commands() {
  out_.clear();
  const std::size_t end = peer_.pipelining ? recipients_.size() + 2 : written_ + 1;
  const attempt_stage at = stage();
  while (written_ < end) append_command(written_++);
  return {client_step::write, at, out_};
}

void transaction_dialog::append_command(std::size_t position) {
  if (position == 0) {
    append_mail_command(out_, what_, peer_, mail_parameters{.smtputf8 = smtputf8_, .delivery_status = asks_for_dsn()});
  } else if (position <= recipients_.size()) {
    append_rcpt_command(out_, what_.recipients[recipients_[position - 1]], peer_);
  } else {
    out_ += "DATA\r\n";
  }
}

void transaction_dialog::on_reply(const mail::reply& answer) {
  switch (phase_) {
    case phase::envelope: return on_envelope_reply(answer);
    case phase::content: return on_refused_data(answer);
    case phase::dot: return on_dot(answer);
    case phase::lone_dot_reply: return finish(answer.code != 421);
    case phase::reset: return finish(answer.code >= 200 && answer.code < 300);
    case phase::lone_dot:
    case phase::write_reset:
    case phase::done: return;
  }
}

void transaction_dialog::on_envelope_reply(const mail::reply& answer) {
  const attempt_stage at = stage();
  const std::size_t position = answered_++;
  if (answer.code == 421) {  // the session ends here, for whatever reason it gives
    untouched_ = position == 0;
    settle_open(classify_reply(at, answer));
    return finish(false);
  }
  untouched_ = false;
  const bool wanted = at == attempt_stage::data ? answer.code == 354 : answer.code >= 200 && answer.code < 300;
  if (answer.is_positive() && !wanted) return on_lost("unexpected reply: " + answer.to_string());
  if (at == attempt_stage::data) return on_data(answer);
  if (at == attempt_stage::rcpt) {
    on_rcpt(fates_[position - 1], answer);
    // One by one, there is no DATA without a recipient; in a batch it is already on its way.
    if (!peer_.pipelining && position == recipients_.size() && accepted_ == 0) phase_ = phase::write_reset;
    return;
  }
  mail_accepted_ = wanted;
  if (wanted) return;
  settle_open(classify_reply(at, answer));
  if (!peer_.pipelining) finish(true);
}

void transaction_dialog::on_rcpt(fate& whose, const mail::reply& answer) {
  if (!mail_accepted_) return;  // settled by the reply to MAIL
  if (answer.is_positive()) {
    whose.at = progress::accepted;
    ++accepted_;
    return;
  }
  whose.outcome = classify_reply(attempt_stage::rcpt, answer);
  whose.at = progress::settled;
  if (accepted_ > 0 && says_transaction_full(answer)) {
    whose.at = progress::again;
    whose.outcome.outcome = attempt_outcome::deferred_recipient;
  }
}

void transaction_dialog::on_data(const mail::reply& answer) {
  if (answer.is_positive()) {
    // A 354 with no accepted recipient can only be answered by an empty message (RFC 2920 section 3.1).
    phase_ = accepted_ > 0 ? phase::content : phase::lone_dot;
    return;
  }
  settle_open(classify_reply(attempt_stage::data, answer));
  if (!mail_accepted_) return finish(true);
  phase_ = phase::write_reset;
}

// Read before the last write: the peer did not want to see the end. Half a message is on the wire, so the session
// cannot go on.
void transaction_dialog::on_refused_data(const mail::reply& answer) {
  settle_open(classify_reply(attempt_stage::data, answer));
  finish(false);
}

void transaction_dialog::on_dot(const mail::reply& answer) {
  const bool out_of_step = answer.code >= 300 && answer.code < 400;
  mail::recipient_outcome outcome = classify_reply(attempt_stage::dot, answer);
  outcome.dsn_passed_on = outcome.outcome == attempt_outcome::delivered && peer_.dsn;
  settle_open(outcome);
  finish(answer.code != 421 && !out_of_step);
}

void transaction_dialog::on_content_committed() {
  committed_ = true;
  phase_ = phase::dot;
}

void transaction_dialog::on_lost(std::string_view why) {
  settle_open(committed_ && !planted(defect::lost_after_dot_is_not_sent) ? lost_after_content(why)
                                                                         : lost_before_content(stage(), why));
  finish(false);
}

void transaction_dialog::settle_open(const mail::recipient_outcome& outcome) {
  for (fate& one : fates_) {
    if (one.at != progress::unanswered && one.at != progress::accepted) continue;
    one.at = progress::settled;
    one.outcome = outcome;
  }
}

void transaction_dialog::finish(bool reusable) {
  phase_ = phase::done;
  reusable_ = reusable;
}

}  // namespace stellwerk::adapters::smtp
