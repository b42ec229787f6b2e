// How a call is refused: google.rpc.Status with ErrorInfo always, BadRequest for fields, RetryInfo where another try
// helps (contracts section 4). The same value answers a unary call and stands inside a SubmitStreamResponse.
//
// Never UNKNOWN; UNAVAILABLE only when another try elsewhere or later helps. Thread rule: pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/support/status.h>

#include "base/clock.hpp"
#include "gateway/ingress/admission.hpp"
#include "google/rpc/status.pb.h"
#include "mail/email.hpp"

namespace stellwerk::ingress::grpc {

inline constexpr duration draining_retry_after = std::chrono::seconds{5};

// What the content was offered as: a fault of its header then has a name.
enum class content_form : std::uint8_t { raw, email };

[[nodiscard]] google::rpc::Status status_of(const refusal& refused, content_form form);

// INVALID_ARGUMENT with the first 24 faults.
[[nodiscard]] google::rpc::Status status_of_faults(const std::vector<mail::field_fault>& faults);

// Any other: `reason` is a word such as "UNKNOWN_CREDENTIALS".
[[nodiscard]] google::rpc::Status make_status(::grpc::StatusCode code, std::string_view reason, std::string_view text,
                                              std::optional<duration> retry_after = std::nullopt);
[[nodiscard]] google::rpc::Status unauthenticated();
[[nodiscard]] google::rpc::Status draining();
[[nodiscard]] google::rpc::Status no_such_submission();
[[nodiscard]] google::rpc::Status too_busy();
[[nodiscard]] google::rpc::Status store_unreadable();

[[nodiscard]] ::grpc::Status to_grpc(const google::rpc::Status& status);

}  // namespace stellwerk::ingress::grpc
