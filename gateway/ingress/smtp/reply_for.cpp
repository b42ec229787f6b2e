#include "gateway/ingress/smtp/reply_for.hpp"

#include "mail/reply.hpp"

namespace stellwerk::ingress::smtp {
namespace {

struct reply_code {
  int code;
  mail::enhanced_status status;
};

reply_code code_for(refusal_kind kind) {
  switch (kind) {
    case refusal_kind::malformed: return {550, {5, 6, 0}};
    case refusal_kind::too_large: return {552, {5, 3, 4}};
    case refusal_kind::sender_not_allowed: return {550, {5, 7, 1}};
    case refusal_kind::recipient_not_allowed: return {550, {5, 7, 1}};
    case refusal_kind::rate: return {450, {4, 7, 1}};
    case refusal_kind::policy: return {550, {5, 7, 1}};
    case refusal_kind::idempotency_reused: return {554, {5, 6, 0}};
    case refusal_kind::loop: return {554, {5, 4, 6}};
    case refusal_kind::queue_full: return {452, {4, 3, 1}};
    case refusal_kind::store_failed: return {451, {4, 3, 0}};
    case refusal_kind::draining: return {421, {4, 3, 2}};
  }
  return {451, {4, 3, 0}};
}

}  // namespace

void append_queued_reply(std::string& out, const spool::accepted_message& message) {
  out += "250 2.0.0 queued as ";
  out += message.id().to_string();
  out += "\r\n";
}

std::string reply_for(const refusal& refused) {
  const reply_code code = code_for(refused.kind);
  return mail::format_reply(mail::make_reply(code.code, code.status, refused.text));
}

}  // namespace stellwerk::ingress::smtp
