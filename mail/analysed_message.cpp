#include "mail/analysed_message.hpp"

#include <utility>

#include "base/text.hpp"
#include "mail/message_text.hpp"

namespace stellwerk::mail {
namespace {

std::string message_id_of(const header_section& header) {
  const auto raw = header.first("Message-ID");
  if (!raw) return {};
  std::string id = unfold(*raw);
  if (id.starts_with('<') && id.ends_with('>') && id.size() > 2) id = id.substr(1, id.size() - 2);
  return id;
}

}  // namespace

result<analysed_ptr> analyse_message(content_ptr content) {
  auto message = std::make_shared<analysed_message>();
  message->content = std::move(content);
  message->header = header_section::parse(*message->content);
  // No header section at all is an empty one: profile relay carries such messages (mail/message_check.hpp).
  if (!message->header.ok() && message->header.fault() != header_fault::no_header) {
    return error{errc::malformed, "mail.analyse"};
  }
  message->features = analyse(*message->content, message->header);
  if (!message->features.from.empty()) {
    message->header_from = message->features.from.front();
    message->header_from_domain = message->header_from.substr(message->header_from.rfind('@') + 1);
  }
  message->subject = decoded_field(message->header, "Subject");
  message->message_id = message_id_of(message->header);
  return analysed_ptr{std::move(message)};
}

}  // namespace stellwerk::mail
