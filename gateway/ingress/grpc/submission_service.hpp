// SubmissionService on gRPC's callback API. Every method identifies the caller, hands the work to a thread that may do
// it and returns at once; gRPC's few threads never parse, read or wait.
//
// The methods take raw buffers (wire_bytes.hpp says why). Thread rule: called by gRPC's threads.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/ingress/grpc/call_identity.hpp"
#include "gateway/ingress/grpc/grpc_door.hpp"
#include "gateway/ingress/grpc/unary_call.hpp"
#include "stellwerk/v1/submission.grpc.pb.h"

namespace stellwerk::ingress::grpc {

class submission_service final : public stellwerk::v1::SubmissionService::WithRawCallbackMethod_Submit<
                                     stellwerk::v1::SubmissionService::WithRawCallbackMethod_SubmitStream<
                                         stellwerk::v1::SubmissionService::WithRawCallbackMethod_GetSubmission<
                                             stellwerk::v1::SubmissionService::WithRawCallbackMethod_CancelSubmission<
                                                 stellwerk::v1::SubmissionService::WithRawCallbackMethod_WatchEvents<
                                                     stellwerk::v1::SubmissionService::Service>>>>> {
 public:
  explicit submission_service(grpc_door& door) : door_{door} {}

 private:
  using bytes = ::grpc::ByteBuffer;
  using call = ::grpc::CallbackServerContext;

  ::grpc::ServerUnaryReactor* Submit(call* context, const bytes* request, bytes* response) override;
  ::grpc::ServerBidiReactor<bytes, bytes>* SubmitStream(call* context) override;
  ::grpc::ServerUnaryReactor* GetSubmission(call* context, const bytes* request, bytes* response) override;
  ::grpc::ServerUnaryReactor* CancelSubmission(call* context, const bytes* request, bytes* response) override;
  ::grpc::ServerWriteReactor<bytes>* WatchEvents(call* context, const bytes* request) override;

  [[nodiscard]] caller identify_caller(const call& context) const;
  // Why a call may not begin at all.
  [[nodiscard]] std::optional<google::rpc::Status> refuses(const caller& who) const;
  // Work on a reader thread; false was answered already.
  void read_later(const std::shared_ptr<unary_call>& one, std::function<void()> work);

  grpc_door& door_;
};

}  // namespace stellwerk::ingress::grpc
