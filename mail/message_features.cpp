#include "mail/message_features.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "base/text.hpp"
#include "mail/address_list.hpp"
#include "mail/message_text.hpp"

namespace stellwerk::mail {
namespace {

// Fields that every hop or every signer may add once more.
constexpr std::array<std::string_view, 14> trace_fields{"received",
                                                        "return-path",
                                                        "delivered-to",
                                                        "dkim-signature",
                                                        "arc-seal",
                                                        "arc-message-signature",
                                                        "arc-authentication-results",
                                                        "authentication-results",
                                                        "received-spf",
                                                        "x-received",
                                                        "resent-to",
                                                        "resent-from",
                                                        "resent-date",
                                                        "resent-message-id"};

bool has_high_bit(std::string_view text) {
  // Eight octets at a time; the optimiser makes vectors of the inner loop.
  constexpr std::size_t block = 64;
  std::size_t at = 0;
  for (; at + block <= text.size(); at += block) {
    unsigned char bits = 0;
    for (std::size_t i = 0; i < block; ++i)
      bits = static_cast<unsigned char>(bits | static_cast<unsigned char>(text[at + i]));
    if ((bits & 0x80) != 0) return true;
  }
  return !is_ascii(text.substr(at));
}

std::size_t longest_line_of(std::string_view content) {
  std::size_t longest = 0;
  while (!content.empty()) {
    const auto lf = content.find('\n');
    std::size_t length = std::min(lf, content.size());
    if (length > 0 && lf != std::string_view::npos && content[length - 1] == '\r') --length;
    longest = std::max(longest, length);
    if (lf == std::string_view::npos) break;
    content.remove_prefix(lf + 1);
  }
  return longest;
}

std::vector<std::string> addresses_of(const header_section& header, std::string_view name, std::size_t& unreadable) {
  std::vector<std::string> addresses;
  for (const std::string_view value : header.all(name)) {
    std::size_t rejected = 0;
    for (const mailbox& one : parse_address_list(value, &rejected)) addresses.push_back(one.address.to_string());
    unreadable += rejected;
  }
  if (addresses.size() < 2) return addresses;
  std::map<std::string_view, bool> seen;
  std::vector<std::string> unique;
  for (const std::string& one : addresses) {
    if (seen.emplace(one, true).second) unique.push_back(one);
  }
  return unique;
}

// Lower-case names of fields that stand more than once though they are no trace, sorted.
std::vector<std::string> repeated_fields_of(const header_section& header) {
  std::vector<std::string> names;
  names.reserve(header.fields().size());
  for (const header_field& field : header.fields()) names.push_back(ascii_lower(field.name));
  std::sort(names.begin(), names.end());
  std::vector<std::string> repeated;
  for (auto at = std::adjacent_find(names.begin(), names.end()); at != names.end();) {
    const auto end = std::find_if(at, names.end(), [&](const std::string& name) { return name != *at; });
    const bool trace = std::find(trace_fields.begin(), trace_fields.end(), *at) != trace_fields.end();
    if (!trace) repeated.push_back(*at);
    at = std::adjacent_find(end, names.end());
  }
  return repeated;
}

void read_fields(message_features& features, const header_section& header) {
  features.repeated_fields = repeated_fields_of(header);
  features.has_dkim_signature = header.contains("DKIM-Signature");
  features.has_message_id = header.contains("Message-ID");
  const auto post = header.first("List-Unsubscribe-Post");
  // RFC 8058 section 3.1: both fields, and an HTTPS address to post to.
  const auto where = header.first("List-Unsubscribe");
  features.has_list_unsubscribe_one_click = where && post &&
                                            iequals(trim(unfold(*post)), "List-Unsubscribe=One-Click") &&
                                            ascii_lower(unfold(*where)).find("<https://") != std::string::npos;
  features.from = addresses_of(header, "From", features.unreadable_addresses);
  features.to = addresses_of(header, "To", features.unreadable_addresses);
  features.cc = addresses_of(header, "Cc", features.unreadable_addresses);
  features.bcc = addresses_of(header, "Bcc", features.unreadable_addresses);
}

bool is_smime_part(const mime_part& part) {
  return part.is_type("application/pkcs7-mime") || part.is_type("application/x-pkcs7-mime") ||
         part.is_type("application/pkcs7-signature") || part.is_type("application/x-pkcs7-signature");
}

bool is_pgp_part(const mime_part& part) {
  return part.is_type("application/pgp-encrypted") || part.is_type("application/pgp-signature");
}

void read_parts(message_features& features, const mime_tree& tree) {
  features.fault = tree.fault;
  for (const mime_part& part : tree.parts) {
    if (part.in_message) continue;
    features.is_smime = features.is_smime || is_smime_part(part);
    features.is_pgp = features.is_pgp || is_pgp_part(part);
    features.has_calendar = features.has_calendar || part.is_type("text/calendar");
    if (!part.is_attachment()) continue;
    ++features.attachments_count;
    features.attachments_bytes += decoded_size(part.body, part.encoding);
  }
}

}  // namespace

message_features analyse(std::string_view content, const header_section& header) {
  message_features features;
  features.size = content.size();
  features.has_utf8_header = has_high_bit(content.substr(0, header.end()));
  features.has_8bit = features.has_utf8_header || has_high_bit(content.substr(header.end()));
  features.longest_line = longest_line_of(content);
  read_fields(features, header);
  read_parts(features, scan_mime(content, header));
  // Armoured text without PGP/MIME is as brittle as the rest.
  const std::string_view body = content.substr(std::min(header.body_offset(), content.size()));
  features.is_pgp = features.is_pgp || body.starts_with("-----BEGIN PGP ");
  return features;
}

}  // namespace stellwerk::mail
