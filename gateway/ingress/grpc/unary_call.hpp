// unary_call: one unary call from its arrival to its answer. Finishes exactly once; dropped without an answer it says
// UNAVAILABLE, so that no path leaves a client hanging. Thread rule: one thread at a time.
#pragma once

#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "gateway/ingress/grpc/call_status.hpp"
#include "gateway/ingress/grpc/open_calls.hpp"
#include "gateway/ingress/grpc/wire_bytes.hpp"

namespace stellwerk::ingress::grpc {

class unary_call {
 public:
  unary_call(open_calls& all, ::grpc::CallbackServerContext& context, const ::grpc::ByteBuffer& request,
             ::grpc::ByteBuffer& response)
      : under_way_{all},
        context_{context},
        request_{request},
        response_{response},
        reactor_{context.DefaultReactor()} {}
  unary_call(const unary_call&) = delete;
  unary_call& operator=(const unary_call&) = delete;
  ~unary_call() {
    if (!finished_) finish(draining());
  }

  [[nodiscard]] ::grpc::ServerUnaryReactor* reactor() const { return reactor_; }
  [[nodiscard]] ::grpc::CallbackServerContext& context() const { return context_; }
  [[nodiscard]] bool cancelled() const { return !finished_ && context_.IsCancelled(); }
  [[nodiscard]] std::size_t request_size() const { return request_.Length(); }

  template <class Message>
  [[nodiscard]] bool parse(Message& into) const {
    ::grpc::ByteBuffer bytes = request_;  // shares the slices
    return parse_bytes(bytes, into);
  }

  void finish(const google::rpc::Status& status) {
    finished_ = true;
    reactor_->Finish(to_grpc(status));
  }
  template <class Message>
  void finish_ok(const Message& answer) {
    finished_ = true;
    response_ = to_bytes(answer);
    reactor_->Finish(::grpc::Status::OK);
  }

 private:
  open_call under_way_;
  ::grpc::CallbackServerContext& context_;
  const ::grpc::ByteBuffer& request_;
  ::grpc::ByteBuffer& response_;
  ::grpc::ServerUnaryReactor* reactor_;
  bool finished_ = false;
};

}  // namespace stellwerk::ingress::grpc
