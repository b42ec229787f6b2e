#include "adapters/smtp/opening_dialog.hpp"

#include <utility>

#include "adapters/smtp/classify.hpp"
#include "base/text.hpp"

namespace stellwerk::adapters::smtp {

using mail::attempt_stage;

namespace {

bool is_unknown_command(const mail::reply& answer) { return answer.code == 500 || answer.code == 502; }

}  // namespace

client_action opening_dialog::next() {
  if (state_ == state::ready || state_ == state::failed) return {client_step::done, stage(), {}};
  if (state_ == state::handshake) return {client_step::start_tls, stage(), {}};
  if (std::exchange(line_unsent_, false)) return {client_step::write, stage(), line_};
  return {client_step::read_reply, stage(), {}};
}

attempt_stage opening_dialog::stage() const {
  switch (state_) {
    case state::greeting: return attempt_stage::greeting;
    case state::ehlo:
    case state::helo: return attempt_stage::ehlo;
    case state::starttls:
    case state::handshake: return attempt_stage::starttls;
    case state::auth:
    case state::login_user:
    case state::login_password: return attempt_stage::auth;
    case state::ready:
    case state::failed: break;
  }
  return attempt_stage::mail;
}

void opening_dialog::send(state awaited, std::string line) {
  state_ = awaited;
  line_ = std::move(line) + "\r\n";
  line_unsent_ = true;
}

void opening_dialog::fail(mail::recipient_outcome why) {
  failure_ = std::move(why);
  state_ = state::failed;
}

void opening_dialog::on_lost(std::string_view why) {
  // No greeting is as bad as no connection; later there was somebody who spoke.
  fail(state_ == state::greeting ? unreachable(stage(), why) : lost_before_content(stage(), why));
}

void opening_dialog::on_tls_ready() {
  channel_ = channel::encrypted;
  features_ = {};  // RFC 3207 section 4.2: what was said in clear is forgotten
  send(state::ehlo, "EHLO " + settings_.helo_name);
}

void opening_dialog::on_tls_failed(std::string_view why) {
  tls_failed_ = true;
  fail(unreachable(attempt_stage::starttls, why));
}

void opening_dialog::on_reply(const mail::reply& answer) {
  if (answer.code >= 200 && answer.code < 300) return on_positive(answer);
  if (answer.code == 334 && stage() == attempt_stage::auth) return on_challenge();
  if (state_ == state::ehlo && is_unknown_command(answer)) return send(state::helo, "HELO " + settings_.helo_name);
  tls_failed_ = state_ == state::starttls;
  fail(classify_reply(stage(), answer));
}

void opening_dialog::on_positive(const mail::reply& answer) {
  switch (state_) {
    case state::greeting: return send(state::ehlo, "EHLO " + settings_.helo_name);
    case state::ehlo: features_ = read_features(answer); return choose_after_ehlo();
    case state::helo: return choose_after_ehlo();  // nothing is offered
    case state::starttls: state_ = state::handshake; return;
    case state::auth:
    case state::login_user:
    case state::login_password: state_ = state::ready; return;
    case state::handshake:
    case state::ready:
    case state::failed: return;
  }
}

void opening_dialog::choose_after_ehlo() {
  if (channel_ != channel::clear || settings_.tls == tls_mode::off) return choose_auth();
  if (features_.starttls) return send(state::starttls, "STARTTLS");
  if (settings_.tls == tls_mode::opportunistic) return choose_auth();
  state_ = state::starttls;  // the stage that could not begin
  mail::recipient_outcome why = lost_before_content(stage(), "the peer does not offer STARTTLS, which is required");
  why.enhanced_status = "4.7.10";  // encryption needed (RFC 5248 registry)
  fail(std::move(why));
}

void opening_dialog::choose_auth() {
  if (!settings_.auth) {
    state_ = state::ready;
    return;
  }
  state_ = state::auth;
  if (channel_ != channel::encrypted && settings_.tls != tls_mode::off) {
    return fail(lost_before_content(stage(), "credentials are not sent without TLS"));
  }
  if (features_.auth_plain) return send(state::auth, "AUTH PLAIN " + plain_response());
  if (features_.auth_login) return send(state::auth, "AUTH LOGIN");
  mail::recipient_outcome why = lost_before_content(stage(), "the peer offers neither AUTH PLAIN nor AUTH LOGIN");
  why.outcome = mail::attempt_outcome::refused_account;
  fail(std::move(why));
}

void opening_dialog::on_challenge() {
  // A peer that ignores the initial response of PLAIN asks for it again (RFC 4954 section 4).
  if (features_.auth_plain && state_ == state::auth) return send(state::login_password, plain_response());
  if (state_ == state::auth) return send(state::login_user, base64_encode(settings_.auth->username));
  if (state_ == state::login_user) return send(state::login_password, base64_encode(settings_.auth->password));
  fail(lost_before_content(stage(), "unexpected challenge"));
}

std::string opening_dialog::plain_response() const {
  std::string response(1, '\0');
  response.append(settings_.auth->username).append(1, '\0').append(settings_.auth->password);
  return base64_encode(response);
}

}  // namespace stellwerk::adapters::smtp
