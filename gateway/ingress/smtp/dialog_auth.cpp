// STARTTLS (RFC 3207) and AUTH with PLAIN and LOGIN (RFC 4954, RFC 4616).
#include <algorithm>
#include <utility>

#include <openssl/crypto.h>

#include "base/text.hpp"
#include "gateway/ingress/smtp/dialog.hpp"
#include "gateway/ingress/smtp/replies.hpp"

namespace stellwerk::ingress::smtp {
namespace {

// "=" stands for an empty initial response (RFC 4954 section 4).
std::optional<std::string> decode(std::string_view base64) {
  if (base64 == "=") return std::string{};
  return base64_decode(base64);
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace

// Only inside TLS: a password sent in clear is already lost.
bool dialog::auth_offered() const {
  return tls_ && !authenticated_ && may_speak_ && settings_->clients.has_passwords();
}

step dialog::on_starttls(std::string_view argument, behind rest) {
  if (!argument.empty()) return count_error(replies::no_argument_wanted);
  if (tls_) return say(replies::tls_already);
  if (!door_->tls) return say(replies::tls_not_offered);
  if (helo_.empty()) return say(replies::greet_first);
  // What stands behind STARTTLS was written by someone who may not be the one behind the handshake (CVE-2011-0411).
  if (rest == behind::input) return say_and_close(replies::commands_behind_starttls);
  output_ += replies::start_tls;
  return step::start_tls;
}

// RFC 3207 section 4.2: everything learned in clear is forgotten.
void dialog::on_tls(const net::tls_session_info& session) {
  forget_transaction();
  helo_.clear();
  extended_ = false;
  tls_ = true;
  const client_config* certified = may_speak_ ? settings_->clients.by_certificate(session.peer_names) : nullptr;
  if (certified == nullptr) return;
  client_ = certified;
  authenticated_ = true;
}

step dialog::on_auth(std::string_view argument, behind /*rest*/) {
  if (authenticated_) return say(replies::auth_already);
  if (in_transaction_) return say(replies::not_in_transaction);
  if (helo_.empty()) return say(replies::greet_first);
  if (!tls_ && door_->tls) return say(replies::auth_needs_tls);
  if (!auth_offered()) return say(tls_ ? replies::auth_not_offered : replies::auth_needs_tls);
  if (argument.size() + 7 > auth_line_octets_max) return say(replies::auth_line_too_long);  // "AUTH " and CRLF
  const std::size_t blank = std::min(argument.find(' '), argument.size());
  const std::string_view mechanism = argument.substr(0, blank);
  const std::string_view initial = trim(argument.substr(blank));
  if (iequals(mechanism, "PLAIN")) {
    if (!initial.empty()) return take_plain(initial);
    exchange_ = auth_exchange::plain;
    return say(replies::auth_go_on);
  }
  if (iequals(mechanism, "LOGIN")) {
    if (!initial.empty()) return take_login_username(initial);
    exchange_ = auth_exchange::login_username;
    return say(replies::auth_ask_username);
  }
  return say(argument.empty() ? replies::argument_wanted : replies::auth_unknown_mechanism);
}

step dialog::on_auth_line(std::string_view line) {
  const auth_exchange exchange = std::exchange(exchange_, auth_exchange::none);
  if (line.size() + 2 > auth_line_octets_max) return say(replies::auth_line_too_long);
  if (line == "*") return say(replies::auth_cancelled);
  switch (exchange) {
    case auth_exchange::plain: return take_plain(line);
    case auth_exchange::login_username: return take_login_username(line);
    case auth_exchange::login_password: return take_login_password(line);
    case auth_exchange::none: break;
  }
  return say(replies::auth_bad_message);
}

// authzid NUL authcid NUL password. To act for somebody else is not offered.
step dialog::take_plain(std::string_view base64) {
  auto message = decode(base64);
  if (!message) return count_error(replies::auth_bad_base64);
  const auto parts = split(*message, '\0');
  if (parts.size() != 3 || parts[1].empty() || parts[2].empty()) {
    wipe(*message);
    return count_error(replies::auth_bad_message);
  }
  const bool for_another = !parts[0].empty() && parts[0] != parts[1];
  credentials_ = {std::string{parts[1]}, std::string{parts[2]}};
  wipe(*message);
  if (!for_another) return step::authenticate;
  wipe(credentials_.password);
  return on_authenticated(auth_verdict::refused);
}

step dialog::take_login_username(std::string_view base64) {
  auto username = decode(base64);
  if (!username) return count_error(replies::auth_bad_base64);
  credentials_.username = std::move(*username);
  exchange_ = auth_exchange::login_password;
  return say(replies::auth_ask_password);
}

step dialog::take_login_password(std::string_view base64) {
  auto password = decode(base64);
  if (!password) return count_error(replies::auth_bad_base64);
  credentials_.password = std::move(*password);
  return step::authenticate;
}

credentials dialog::take_credentials() {
  credentials taken{credentials_.username, std::move(credentials_.password)};
  credentials_.password.clear();
  return taken;
}

step dialog::on_authenticated(auth_verdict verdict) {
  switch (verdict) {
    case auth_verdict::accepted: break;
    case auth_verdict::unavailable: return say(replies::auth_unavailable);
    case auth_verdict::refused:
      if (++auth_failures_ >= auth_failures_max) return say_and_close(replies::too_many_auth_failures);
      return say(replies::auth_refused);
  }
  client_ = settings_->clients.by_username(credentials_.username);
  if (client_ == nullptr) {  // gone with a reload while its password was checked
    find_client();
    return say(replies::auth_refused);
  }
  authenticated_ = true;
  return say(replies::auth_ok);
}

}  // namespace stellwerk::ingress::smtp
