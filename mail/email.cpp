#include "mail/email.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "mail/address.hpp"
#include "mail/header_section.hpp"
#include "mail/header_writer.hpp"
#include "mail/mime_value.hpp"

namespace stellwerk::mail {
namespace {

constexpr std::size_t name_octets_max = 76;  // room for a value in a line of 78
constexpr std::size_t value_octets_max = 50'000;
constexpr std::size_t text_field_octets_max = 10'000;  // subject, display names, file names
constexpr std::size_t word_octets_max = 900;           // what no fold can break has to fit in 998

// Fields that other parts of the message or the gateway write.
constexpr std::array<std::string_view, 18> reserved_names{"From",
                                                          "Sender",
                                                          "To",
                                                          "Cc",
                                                          "Bcc",
                                                          "Reply-To",
                                                          "Subject",
                                                          "Date",
                                                          "Message-ID",
                                                          "MIME-Version",
                                                          "Received",
                                                          "Return-Path",
                                                          "Delivered-To",
                                                          "DKIM-Signature",
                                                          "Authentication-Results",
                                                          "Received-SPF",
                                                          "Domainkey-Signature",
                                                          "Apparently-To"};
constexpr std::array<std::string_view, 4> reserved_prefixes{"Content-", "Resent-", "ARC-", "X-Stellwerk-"};
constexpr std::array<std::string_view, 2> single_names{"In-Reply-To", "References"};

class validator {
 public:
  void check(const email& message) {
    check_mailbox("email.from", message.from);
    check_mailboxes("email.to", message.to);
    check_mailboxes("email.cc", message.cc);
    check_mailboxes("email.bcc", message.bcc);
    check_mailboxes("email.reply_to", message.reply_to);
    check_line("email.subject", message.subject);
    check_text("email.text", message.text);
    check_text("email.html", message.html);
    for (std::size_t i = 0; i < message.attachments.size(); ++i) {
      check_attachment("email.attachments[" + std::to_string(i) + "]", message.attachments[i]);
    }
    for (std::size_t i = 0; i < message.headers.size(); ++i) {
      check_header("email.headers[" + std::to_string(i) + "]", message, i);
    }
  }
  std::vector<field_fault> take() { return std::move(faults_); }

 private:
  void fault(std::string path, std::string description) {
    faults_.push_back({std::move(path), std::move(description)});
  }

  // Text that will stand in a header line.
  bool check_line(const std::string& path, std::string_view text, std::size_t octets_max = text_field_octets_max) {
    const bool control = std::any_of(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (control)
      fault(path, "must not contain line breaks or control characters");
    else if (!is_valid_utf8(text))
      fault(path, "must be valid UTF-8");
    else if (text.size() > octets_max)
      fault(path, "is too long");
    else
      return true;
    return false;
  }

  void check_text(const std::string& path, std::string_view text) {
    if (text.find('\0') != std::string_view::npos)
      fault(path, "must not contain NUL");
    else if (!is_valid_utf8(text))
      fault(path, "must be valid UTF-8");
  }

  void check_mailbox(const std::string& path, const email_mailbox& one) {
    check_line(path + ".display_name", one.display_name);
    const auto parsed = parse_address(one.address);
    if (parsed) return;
    fault(path + ".address", one.address.empty() ? "is missing" : std::string{to_string(fault_of(parsed.error()))});
  }

  void check_mailboxes(const std::string& path, const std::vector<email_mailbox>& mailboxes) {
    for (std::size_t i = 0; i < mailboxes.size(); ++i)
      check_mailbox(path + '[' + std::to_string(i) + ']', mailboxes[i]);
  }

  void check_attachment(const std::string& path, const email_attachment& one) {
    if (check_line(path + ".filename", one.filename) && one.filename.find('/') != std::string::npos)
      fault(path + ".filename", "must be a name without a path");
    if (check_line(path + ".content_type", one.content_type) && !one.content_type.empty()) {
      const mime_value type = parse_mime_value(one.content_type);
      if (!is_token(type.type()) || !is_token(type.subtype()) || !is_ascii(one.content_type) ||
          !is_media_type(one.content_type, type)) {
        fault(path + ".content_type", "must be of the form type/subtype; name=value");
      } else if (type.type() == "multipart") {
        fault(path + ".content_type", "must not be multipart");
      }
    }
    const std::string_view id = bare_content_id(one);
    const bool bad_id =
        id.size() > word_octets_max || (id.empty() && !one.content_id.empty()) ||
        std::any_of(id.begin(), id.end(), [](char c) { return c < 0x21 || c > 0x7e || c == '<' || c == '>'; });
    if (bad_id) fault(path + ".content_id", "must be printable ASCII without blanks");
  }

  void check_header(const std::string& path, const email& message, std::size_t index) {
    const auto& [name, value] = message.headers[index];
    if (!is_field_name(name))
      fault(path + ".name", "must be printable ASCII without blank and colon");
    else if (name.size() > name_octets_max)
      fault(path + ".name", "is too long");
    else if (is_reserved(name))
      fault(path + ".name", "is reserved for the gateway or has a field of its own");
    else if (repeats(message, index))
      fault(path + ".name", "may stand only once");
    if (check_line(path + ".value", value, value_octets_max) && is_ascii(value) &&
        longest_word(value) > word_octets_max) {
      fault(path + ".value", "has a word too long for a line");
    }
  }

  bool is_reserved(std::string_view name) {
    return std::any_of(reserved_names.begin(), reserved_names.end(), [&](auto one) { return iequals(name, one); }) ||
           std::any_of(reserved_prefixes.begin(), reserved_prefixes.end(),
                       [&](auto one) { return istarts_with(name, one); });
  }

  bool repeats(const email& message, std::size_t index) {
    const std::string_view name = message.headers[index].first;
    if (std::none_of(single_names.begin(), single_names.end(), [&](auto one) { return iequals(name, one); }))
      return false;
    return std::any_of(message.headers.begin(), message.headers.begin() + static_cast<std::ptrdiff_t>(index),
                       [&](const auto& header) { return iequals(header.first, name); });
  }

  // "text/plain; charset=utf-8": nothing between or behind that a reader would pass over in silence.
  bool is_media_type(std::string_view text, const mime_value& read) {
    bool quoted = false;
    bool first = true;
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
      if (at < text.size() && text[at] == '"') quoted = !quoted;
      if (at < text.size() && (quoted || text[at] != ';')) continue;
      const std::string_view piece = trim(text.substr(begin, at - begin));
      if (first ? ascii_lower(piece) != read.value : !is_token(piece.substr(0, piece.find('=')))) return false;
      if (!first && piece.find('=') == std::string_view::npos) return false;
      first = false;
      begin = at + 1;
    }
    return !quoted;
  }

  bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= 127 && std::all_of(text.begin(), text.end(), [](char c) {
      return c > 0x20 && c < 0x7f && std::string_view{"()<>@,;:\\\"/[]?="}.find(c) == std::string_view::npos;
    });
  }

  std::vector<field_fault> faults_;
};

}  // namespace

std::string_view bare_content_id(const email_attachment& attachment) {
  std::string_view id = attachment.content_id;
  if (id.size() > 1 && id.front() == '<' && id.back() == '>') id = id.substr(1, id.size() - 2);
  return id;
}

std::vector<field_fault> validate(const email& message) {
  validator check;
  check.check(message);
  return check.take();
}

}  // namespace stellwerk::mail
