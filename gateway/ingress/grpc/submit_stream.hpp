// SubmitStream: many submissions on one call, each answered as it becomes durable, in any order. At most
// `unanswered_max` are between being read and having their answer written; then the stream is not read, and flow
// control holds the client.
//
// Reactions come on gRPC's threads, answers from the io threads; a mutex guards the state. Deletes itself when gRPC is
// done with it, which is after every answer: a submission under way is never dropped, also when the client went away.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "gateway/ingress/grpc/submit_task.hpp"

namespace stellwerk::ingress::grpc {

class submit_stream final : public ::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>,
                            public open_stream {
 public:
  submit_stream(grpc_door& door, caller who);
  void start();  // REQUIRES that it stands in the door's open streams
  void stop() override;

 private:
  class exchange;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void answered(::grpc::ByteBuffer answer);  // any thread
  [[nodiscard]] bool gone();

  // REQUIRES the lock.
  void read_on();
  void write_on();
  // Everything was answered and nothing more will come: the caller finishes with this, after the lock.
  [[nodiscard]] std::optional<::grpc::Status> take_end();

  grpc_door& door_;
  const open_call under_way_;
  const caller who_;
  const std::uint32_t unanswered_max_;

  std::mutex mutex_;
  ::grpc::ByteBuffer incoming_;
  std::deque<::grpc::ByteBuffer> outgoing_;  // the first one is being written
  std::uint32_t unanswered_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool ended_ = false;     // the client has said everything
  bool stopping_ = false;  // we take no more
  bool broken_ = false;    // the client is gone: answers go nowhere
  bool finished_ = false;
};

}  // namespace stellwerk::ingress::grpc
