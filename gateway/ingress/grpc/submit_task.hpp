// One submission, whichever call brought it: parsed, mapped and admitted on an io thread, answered exactly once.
//
// Thread rule: start_submission from any thread; the exchange is used on the io thread only, once it was handed over.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "gateway/ingress/grpc/call_identity.hpp"
#include "gateway/ingress/grpc/grpc_door.hpp"
#include "google/rpc/status.pb.h"
#include "stellwerk/v1/submission.pb.h"

namespace stellwerk::ingress::grpc {

using submit_answer = std::variant<stellwerk::v1::SubmitResponse, google::rpc::Status>;

// The call's side of a submission. One that is destroyed without an answer answers UNAVAILABLE itself.
class submit_exchange {
 public:
  virtual ~submit_exchange() = default;
  // Parses what came. A value is the refusal.
  [[nodiscard]] virtual std::optional<google::rpc::Status> read(stellwerk::v1::Submission& into) = 0;
  // Nobody waits for the answer any more: cancelled, or past its deadline.
  [[nodiscard]] virtual bool gone() const = 0;
  virtual void answer(submit_answer with) = 0;  // once
};

// `bytes` were taken from the door's budget and are given back after the answer.
void start_submission(grpc_door& door, caller who, std::unique_ptr<submit_exchange> exchange, std::size_t bytes);

[[nodiscard]] google::rpc::Status not_the_protocol();

}  // namespace stellwerk::ingress::grpc
