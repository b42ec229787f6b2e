#include "mail/composer.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "base/text.hpp"
#include "mail/content_framing.hpp"
#include "mail/encoded_word.hpp"
#include "mail/header_writer.hpp"
#include "mail/mime_value.hpp"
#include "mail/mime_writer.hpp"
#include "mail/transfer_encoding.hpp"

namespace stellwerk::mail {
namespace {

std::vector<mailbox> parsed(std::span<const email_mailbox> mailboxes) {
  std::vector<mailbox> out;
  for (const email_mailbox& one : mailboxes) {
    if (auto address = parse_address(one.address)) out.push_back({one.display_name, std::move(*address)});
  }
  return out;
}

bool is_inline(const email_attachment& one) { return !one.content_id.empty(); }

class writer {
 public:
  writer(const email& message, random_source& random) : message_{message}, random_{random} {
    std::size_t size = 4'096 + message.text.size() * 2 + message.html.size() * 2;
    for (const email_attachment& one : message.attachments) size += one.content.size() * 37 / 27 + 512;
    out_.reserve(size);
    for (const email_attachment& one : message.attachments) {
      (!message.html.empty() && is_inline(one) ? inline_ : attached_).push_back(&one);
    }
  }

  void header(const compose_parameters& parameters) {
    append_folded_field(out_, "Date", to_rfc5322(parameters.date));
    mailboxes("From", {&message_.from, 1});
    mailboxes("Reply-To", message_.reply_to);
    mailboxes("To", message_.to);
    mailboxes("Cc", message_.cc);
    if (message_.to.empty() && message_.cc.empty()) out_ += "To: undisclosed-recipients:;\r\n";
    if (!message_.subject.empty()) append_text_field(out_, "Subject", message_.subject);
    append_folded_field(out_, "Message-ID", parameters.message_id);
    for (const auto& [name, value] : message_.headers) {
      // ASCII values stay as they are: structured fields do not take encoded words.
      append_folded_field(out_, name,
                          is_ascii(value) ? std::string{trim(value)} : encode_words(value, name.size() + 1));
    }
    out_ += "MIME-Version: 1.0\r\n";
  }

  void mixed() {
    if (attached_.empty()) return alternative();
    const std::string boundary = open_multipart(out_, "multipart/mixed", random_);
    next_part(out_, boundary);
    alternative();
    for (const email_attachment* one : attached_) {
      next_part(out_, boundary);
      attachment(*one, "attachment");
    }
    close_multipart(out_, boundary);
  }

  std::string take() { return std::move(out_); }

 private:
  void mailboxes(std::string_view name, std::span<const email_mailbox> list) {
    const auto known = parsed(list);
    if (!known.empty()) append_mailbox_field(out_, name, known);
  }

  void alternative() {
    if (message_.html.empty()) return append_text_entity(out_, "text/plain", message_.text);
    if (message_.text.empty()) return related();
    const std::string boundary = open_multipart(out_, "multipart/alternative", random_);
    next_part(out_, boundary);
    append_text_entity(out_, "text/plain", message_.text);
    next_part(out_, boundary);
    related();
    close_multipart(out_, boundary);
  }

  void related() {
    if (inline_.empty()) return append_text_entity(out_, "text/html", message_.html);
    const std::string boundary = open_multipart(out_, "multipart/related", random_, "text/html");
    next_part(out_, boundary);
    append_text_entity(out_, "text/html", message_.html);
    for (const email_attachment* one : inline_) {
      next_part(out_, boundary);
      attachment(*one, "inline");
    }
    close_multipart(out_, boundary);
  }

  void attachment(const email_attachment& one, std::string_view disposition) {
    mime_value type = parse_mime_value(one.content_type.empty() ? "application/octet-stream" : one.content_type);
    // RFC 2046 section 5.2.1: a message inside a message may not be base64.
    const bool as_is = type.type() == "message" && check_framing(one.content) == framing_fault::none;
    if (type.type() == "message" && !as_is) type = parse_mime_value("application/octet-stream");

    std::vector<std::string> parameters;
    for (const mime_parameter& parameter : type.parameters) {
      for (std::string& piece : format_parameter(parameter.name, parameter.value))
        parameters.push_back(std::move(piece));
    }
    append_parameter_field(out_, "Content-Type", type.value, parameters);
    const bool named = !one.filename.empty();
    append_parameter_field(out_, "Content-Disposition", disposition,
                           named ? format_parameter("filename", one.filename) : std::vector<std::string>{});
    if (!one.content_id.empty()) {
      append_folded_field(out_, "Content-ID", '<' + std::string{bare_content_id(one)} + '>');
    }
    if (as_is) {
      out_.append("Content-Transfer-Encoding: ").append(is_ascii(one.content) ? "7bit" : "8bit");
      out_.append("\r\n\r\n").append(one.content);
    } else {
      out_.append("Content-Transfer-Encoding: base64\r\n\r\n").append(encode_base64_lines(one.content));
    }
  }

  const email& message_;
  random_source& random_;
  std::vector<const email_attachment*> inline_;
  std::vector<const email_attachment*> attached_;
  std::string out_;
};

}  // namespace

std::string compose(const email& message, const compose_parameters& parameters, random_source& random) {
  writer out{message, random};
  out.header(parameters);
  out.mixed();
  return out.take();
}

bool header_needs_smtputf8(const email& message) {
  const auto any = [](std::span<const email_mailbox> list) {
    return std::any_of(list.begin(), list.end(), [](const email_mailbox& one) {
      const auto address = parse_address(one.address);
      return address && needs_smtputf8(*address);
    });
  };
  return any({&message.from, 1}) || any(message.to) || any(message.cc) || any(message.reply_to);
}

}  // namespace stellwerk::mail
