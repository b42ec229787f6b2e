#include "gateway/ingress/grpc/call_status.hpp"

#include <algorithm>
#include <map>

#include "google/rpc/error_details.pb.h"

namespace stellwerk::ingress::grpc {
namespace {

using google::rpc::BadRequest;
using google::rpc::ErrorInfo;
using google::rpc::RetryInfo;
using google::rpc::Status;
using ::grpc::StatusCode;

// Details travel in a trailer, of which clients take 8 KiB.
constexpr std::size_t text_octets_max = 1024;
constexpr int violations_max = 24;

struct refusal_answer {
  StatusCode code;
  std::string_view reason;
  bool blames_field;
};

refusal_answer answer_for(const refusal& refused) {
  switch (refused.kind) {
    case refusal_kind::malformed: return {StatusCode::INVALID_ARGUMENT, "MALFORMED_MESSAGE", true};
    case refusal_kind::too_large:
      // Preflight names the filter: no destination could carry it. Else it is our own limit.
      if (!refused.rule.empty()) return {StatusCode::FAILED_PRECONDITION, "MESSAGE_TOO_LARGE", true};
      return {StatusCode::RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", true};
    case refusal_kind::sender_not_allowed: return {StatusCode::PERMISSION_DENIED, "SENDER_NOT_ALLOWED", true};
    case refusal_kind::recipient_not_allowed: return {StatusCode::PERMISSION_DENIED, "RECIPIENT_NOT_ALLOWED", true};
    case refusal_kind::rate: return {StatusCode::RESOURCE_EXHAUSTED, "RATE_EXCEEDED", false};
    case refusal_kind::policy: return {StatusCode::FAILED_PRECONDITION, "POLICY_REFUSES", true};
    case refusal_kind::idempotency_reused: return {StatusCode::ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED", true};
    case refusal_kind::loop: return {StatusCode::INVALID_ARGUMENT, "MAIL_LOOP", true};
    case refusal_kind::queue_full: return {StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL", false};
    case refusal_kind::store_failed: return {StatusCode::UNAVAILABLE, "STORE_FAILED", false};
    case refusal_kind::draining: return {StatusCode::UNAVAILABLE, "DRAINING", false};
  }
  return {StatusCode::INTERNAL, "UNCLASSIFIED", false};
}

// Admission speaks of fields of the submission or of the header; the caller knows the request.
std::string request_path(const refusal& refused, content_form form) {
  const std::string& field = refused.field;
  if (!refused.rule.empty()) return field.empty() ? "submission" : "submission." + field;
  if (field == "idempotency_key" || field.starts_with("envelope.")) return "submission." + field;
  if (form == content_form::raw) return "submission.raw";
  return field == "From" ? "submission.email.from" : "submission.email";
}

std::string cut(std::string_view text) {
  std::size_t end = std::min(text.size(), text_octets_max);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string{text.substr(0, end)};
}

void add_info(Status& status, std::string_view reason, const std::map<std::string, std::string>& metadata = {}) {
  ErrorInfo info;
  info.set_reason(std::string{reason});
  info.set_domain("stellwerk");
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  status.add_details()->PackFrom(info);
}

void add_retry(Status& status, duration after) {
  constexpr auto per_second = std::chrono::milliseconds{std::chrono::seconds{1}}.count();
  RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(after.count() / per_second);
  retry.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(after.count() % per_second) * 1'000'000);
  status.add_details()->PackFrom(retry);
}

}  // namespace

Status status_of(const refusal& refused, content_form form) {
  const refusal_answer answer = answer_for(refused);
  Status status;
  status.set_code(answer.code);
  status.set_message(cut(refused.text));
  std::map<std::string, std::string> metadata;
  if (!refused.rule.empty()) metadata["rule"] = refused.rule;
  if (!refused.field.empty()) metadata["field"] = refused.field;
  add_info(status, answer.reason, metadata);
  if (answer.blames_field) {
    BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(request_path(refused, form));
    violation->set_description(cut(refused.text));
    status.add_details()->PackFrom(bad);
  }
  if (refused.retry_after) add_retry(status, *refused.retry_after);
  return status;
}

Status status_of_faults(const std::vector<mail::field_fault>& faults) {
  Status status;
  status.set_code(StatusCode::INVALID_ARGUMENT);
  if (!faults.empty()) status.set_message(faults.front().field_path + ": " + faults.front().description);
  add_info(status, "INVALID_FIELD");
  BadRequest bad;
  for (const mail::field_fault& fault : faults) {
    if (bad.field_violations_size() == violations_max) break;
    auto* violation = bad.add_field_violations();
    violation->set_field(fault.field_path);
    violation->set_description(fault.description);
  }
  status.add_details()->PackFrom(bad);
  return status;
}

Status make_status(StatusCode code, std::string_view reason, std::string_view text,
                   std::optional<duration> retry_after) {
  Status status;
  status.set_code(code);
  status.set_message(std::string{text});
  add_info(status, reason);
  if (retry_after) add_retry(status, *retry_after);
  return status;
}

Status unauthenticated() {
  return make_status(StatusCode::UNAUTHENTICATED, "UNKNOWN_CREDENTIALS",
                     "a bearer token or a client certificate of a configured client is needed");
}

Status draining() {
  return make_status(StatusCode::UNAVAILABLE, "DRAINING", "going down, try again", draining_retry_after);
}

Status no_such_submission() {
  return make_status(StatusCode::NOT_FOUND, "NO_SUCH_SUBMISSION", "there is no such submission");
}

Status too_busy() {
  return make_status(StatusCode::RESOURCE_EXHAUSTED, "TOO_MANY_CALLS", "too much at once, try again",
                     std::chrono::seconds{1});
}

Status store_unreadable() {
  return make_status(StatusCode::UNAVAILABLE, "STORE_FAILED", "the store could not be read, try again",
                     std::chrono::seconds{30});
}

::grpc::Status to_grpc(const Status& status) {
  return {static_cast<StatusCode>(status.code()), status.message(), status.SerializeAsString()};
}

}  // namespace stellwerk::ingress::grpc
