// MAIL, RCPT, DATA and what comes of the content.
#include "gateway/ingress/smtp/dialog.hpp"
#include "gateway/ingress/smtp/path_arguments.hpp"
#include "gateway/ingress/smtp/replies.hpp"
#include "gateway/ingress/smtp/reply_for.hpp"
#include "mail/address_pattern.hpp"
#include "mail/received_field.hpp"

namespace stellwerk::ingress::smtp {
namespace {

std::string_view reply_for_fault(mail::framing_fault fault) {
  switch (fault) {
    case mail::framing_fault::bare_cr:
    case mail::framing_fault::bare_lf:
    case mail::framing_fault::nul: return replies::bad_content_line_end;
    case mail::framing_fault::line_too_long: return replies::content_line_too_long;
    case mail::framing_fault::too_large: return replies::too_large;
    case mail::framing_fault::none: break;
  }
  return replies::ok;
}

}  // namespace

// "" when nothing stands in the way.
std::string_view dialog::obstacle_to_mail() const {
  if (helo_.empty()) return replies::greet_first;
  if (in_transaction_) return replies::nested_mail;
  if (door_->config.profile == smtp_profile::submission && client_ == nullptr)
    return tls_ || !door_->tls ? replies::auth_needed : replies::tls_first;
  if (pressure_.level() == pressure_level::closed) return replies::queue_full;
  return {};
}

step dialog::on_mail(std::string_view argument, behind /*rest*/) {
  if (const std::string_view obstacle = obstacle_to_mail(); !obstacle.empty()) return say(obstacle);
  if (pressure_.draining()) return say_and_close(replies::draining);
  auto parsed = parse_mail_arguments(argument);
  if (const auto* fault = std::get_if<fault_reply>(&parsed)) return say(*fault);
  auto& given = std::get<mail_arguments>(parsed);
  if (given.size && *given.size > content_size_max()) return say(replies::too_large);
  // A stranger's sender is nobody's: its recipients are refused.
  if (client_ != nullptr && !given.reverse_path.empty() && !mail::address_allowed(client_->senders, given.reverse_path))
    return say(replies::sender_not_yours);
  in_transaction_ = true;
  declared_size_ = given.size.value_or(0);
  envelope_.reverse_path = std::move(given.reverse_path);
  envelope_.smtputf8 = given.smtputf8;
  envelope_.body_8bitmime = given.body_8bitmime;
  envelope_.envelope_id = std::move(given.envelope_id);
  envelope_.return_full = given.return_full;
  return say(replies::sender_ok);
}

step dialog::on_rcpt(std::string_view argument, behind /*rest*/) {
  if (!in_transaction_) return say(helo_.empty() ? replies::greet_first : replies::mail_first);
  recipient_refused_ = true;  // until it is not
  if (client_ == nullptr) return count_error(replies::relay_denied);
  if (envelope_.recipients.size() >= door_->config.recipients_max) return say(replies::too_many_recipients);
  auto parsed = parse_rcpt_arguments(argument, envelope_.smtputf8, settings_->node_name);
  if (const auto* fault = std::get_if<fault_reply>(&parsed)) return say(*fault);
  auto& recipient = std::get<mail::envelope_recipient>(parsed);
  if (!mail::address_allowed(client_->recipients, recipient.address)) return say(replies::recipient_not_allowed);
  envelope_.recipients.push_back(std::move(recipient));
  return say(replies::recipient_ok);
}

step dialog::on_data(std::string_view argument, behind rest) {
  if (!argument.empty()) return count_error(replies::no_argument_wanted);
  if (!in_transaction_) return say(helo_.empty() ? replies::greet_first : replies::mail_first);
  // RFC 2920 section 3.1: DATA ends a group of commands. What stands behind it is content that would be read as
  // commands should DATA be refused.
  if (rest == behind::input) return say_and_close(replies::content_too_early);
  if (envelope_.recipients.empty())
    return say(recipient_refused_ ? replies::no_valid_recipients : replies::recipient_first);
  output_ += replies::start_content;
  return step::read_content;
}

std::uint64_t dialog::content_size_max() const {
  return client_ != nullptr && client_->size_max != 0 ? client_->size_max : door_->config.size_max;
}

step dialog::on_content(mail::framing_fault fault) {
  if (fault == mail::framing_fault::none) return step::hand_over;
  forget_transaction();
  return count_error(reply_for_fault(fault));
}

step dialog::on_no_room() {
  forget_transaction();
  return say(replies::no_room);
}

mail::submission dialog::take_submission(mail::content_ptr content) {
  mail::submission out;
  out.content = std::move(content);
  out.client = client_->name;
  out.tenant = client_->tenant;
  out.ingress = mail::ingress_kind::smtp;
  out.listener = door_->config.name;
  out.dsn_allowed = !envelope_.reverse_path.empty() && (authenticated_ || door_->config.dsn_always);
  out.origin = make_origin();
  out.envelope = std::move(envelope_);
  return out;
}

mail::trace_origin dialog::make_origin() const {
  mail::smtp_traits traits;
  traits.extended = extended_;
  traits.tls = tls_;
  traits.authenticated = authenticated_;
  traits.smtputf8 = envelope_.smtputf8;
  mail::trace_origin origin;
  origin.helo = helo_;
  origin.peer_ip = peer_ip_;
  origin.protocol = mail::protocol_name(traits);
  return origin;
}

step dialog::on_answer(const admission_answer& answer) {
  forget_transaction();
  if (const auto* taken = std::get_if<admitted>(&answer)) {
    junk_ = 0;
    errors_ = 0;
    append_queued_reply(output_, taken->message);
    return pressure_.draining() ? say_and_close(replies::draining) : step::read_command;
  }
  const refusal& refused = std::get<refusal>(answer);
  output_ += reply_for(refused);
  return refused.kind == refusal_kind::draining ? step::close : step::read_command;
}

}  // namespace stellwerk::ingress::smtp
