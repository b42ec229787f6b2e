#include "adapters/smtp/envelope_commands.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stellwerk::adapters::smtp {
namespace {

bool is_xchar(char c) { return c >= '!' && c <= '~' && c != '+' && c != '='; }

bool is_upper_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

bool is_xtext(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_xchar(text[i])) continue;
    if (text[i] != '+' || i + 2 >= text.size() || !is_upper_hex(text[i + 1]) || !is_upper_hex(text[i + 2]))
      return false;
    i += 2;
  }
  return true;
}

void append_notify(std::string& out, const mail::dsn_request& dsn) {
  if (dsn.never || (!dsn.on_success && !dsn.on_failure && !dsn.on_delay)) {
    out += " NOTIFY=NEVER";
    return;
  }
  out += " NOTIFY=";
  if (dsn.on_success) out += "SUCCESS,";
  if (dsn.on_failure) out += "FAILURE,";
  if (dsn.on_delay) out += "DELAY,";
  out.pop_back();
}

}  // namespace

bool is_default(const mail::dsn_request& dsn) { return dsn == mail::dsn_request{}; }

bool fits_in_command(std::string_view address) {
  using namespace std::string_view_literals;
  return address.find_first_of("\r\n\0"sv) == std::string_view::npos;
}

std::string as_xtext(std::string_view text) {
  if (is_xtext(text)) return std::string{text};
  std::string out;
  for (const char c : text) {
    if (is_xchar(c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "+{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

void append_mail_command(std::string& out, const attempt& what, const peer_features& peer, mail_parameters parameters) {
  out.append("MAIL FROM:<").append(what.reverse_path).append(">");
  if (peer.size) out.append(" SIZE=").append(std::to_string(what.content->size()));
  if (what.body_8bitmime && peer.eight_bit_mime) out += " BODY=8BITMIME";
  if (parameters.smtputf8) out += " SMTPUTF8";
  if (peer.dsn && parameters.delivery_status) {
    out += what.return_full ? " RET=FULL" : " RET=HDRS";
    if (!what.envelope_id.empty()) out.append(" ENVID=").append(as_xtext(what.envelope_id));
  }
  out += "\r\n";
}

void append_rcpt_command(std::string& out, const mail::envelope_recipient& recipient, const peer_features& peer) {
  out.append("RCPT TO:<").append(recipient.address).append(">");
  if (peer.dsn && !is_default(recipient.dsn)) {
    const mail::dsn_request& dsn = recipient.dsn;
    const mail::dsn_request unset;
    if (dsn.never != unset.never || dsn.on_success != unset.on_success || dsn.on_failure != unset.on_failure ||
        dsn.on_delay != unset.on_delay) {
      append_notify(out, dsn);
    }
    if (!dsn.original_recipient.empty()) out.append(" ORCPT=").append(dsn.original_recipient);
  }
  out += "\r\n";
}

}  // namespace stellwerk::adapters::smtp
