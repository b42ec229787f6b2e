#include "mail/header_writer.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "mail/content_framing.hpp"
#include "mail/encoded_word.hpp"
#include "mail/mime_value.hpp"
#include "mail/transfer_encoding.hpp"

namespace stellwerk::mail {
namespace {

bool is_phrase_of_atoms(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view{" !#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
  });
}

// Blanks at the ends or in a row do not survive folding and parsers.
bool has_fragile_blanks(std::string_view text) {
  return text.starts_with(' ') || text.ends_with(' ') || text.find("  ") != std::string_view::npos;
}

std::string phrase(std::string_view name, std::size_t columns_used) {
  if (needs_encoded_words(name) || has_fragile_blanks(name) || longest_word(name) > folded_line_octets - 4) {
    return encode_words(name, columns_used);
  }
  if (is_phrase_of_atoms(name)) return std::string{name};
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32 + 2);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
    if (text[at] == '\r' || text[at] == '\n')
      out += "\r\n";
    else
      out += text[at];
  }
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out;
}

}  // namespace

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const std::string_view word : split(text, ' ')) longest = std::max(longest, word.size());
  return longest;
}

void append_folded_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(1, ':');
  std::size_t column = name.size() + 1;
  bool may_fold = false;  // a line of blanks alone is not allowed, so only between two words
  for (const std::string_view word : split(value, ' ')) {
    if (may_fold && !word.empty() && column + 1 + word.size() > folded_line_octets) {
      out += "\r\n";
      column = 0;
    }
    out.append(1, ' ').append(word);
    column += 1 + word.size();
    may_fold = !word.empty();
  }
  out += "\r\n";
}

void append_text_field(std::string& out, std::string_view name, std::string_view utf8) {
  const bool encode =
      needs_encoded_words(utf8) || has_fragile_blanks(utf8) || longest_word(utf8) > folded_line_octets - 4;
  append_folded_field(out, name, encode ? encode_words(utf8, name.size() + 1) : std::string{utf8});
}

void append_mailbox_field(std::string& out, std::string_view name, std::span<const mailbox> mailboxes) {
  std::string value;
  for (const mailbox& one : mailboxes) {
    const std::size_t columns_used = value.empty() ? name.size() + 1 : 0;
    if (!value.empty()) value += ", ";
    if (one.display_name.empty())
      value += one.address.to_string();
    else
      value.append(phrase(one.display_name, columns_used)).append(" <").append(one.address.to_string()).append(1, '>');
  }
  append_folded_field(out, name, value);
}

void append_parameter_field(std::string& out, std::string_view name, std::string_view value,
                            std::span<const std::string> parameters) {
  out.append(name).append(": ").append(value);
  std::size_t column = name.size() + 2 + value.size();
  for (const std::string& parameter : parameters) {
    const bool fold = column + 2 + parameter.size() > folded_line_octets;
    out.append(fold ? ";\r\n " : "; ").append(parameter);
    column = fold ? 1 + parameter.size() : column + 2 + parameter.size();
  }
  out += "\r\n";
}

void append_text_entity(std::string& out, std::string_view type, std::string_view utf8) {
  const std::string text = with_crlf(utf8);
  const std::string charset = "charset=utf-8";
  append_parameter_field(out, "Content-Type", type, {&charset, 1});
  if (is_ascii(text) && check_framing(text) == framing_fault::none) {
    out.append("Content-Transfer-Encoding: 7bit\r\n\r\n").append(text);
    return;
  }
  const std::string quoted = encode_quoted_printable(text);
  if (quoted.size() <= text.size() / 3 * 4) {
    out.append("Content-Transfer-Encoding: quoted-printable\r\n\r\n").append(quoted);
  } else {
    out.append("Content-Transfer-Encoding: base64\r\n\r\n").append(encode_base64_lines(text));
  }
}

}  // namespace stellwerk::mail
