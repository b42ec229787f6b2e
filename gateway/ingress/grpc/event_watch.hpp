// WatchEvents: the ledger of the caller's tenant from a cursor on, then as it grows. Resumable: every event carries its
// cursor. Holds one page at a time; a slow reader waits for nobody and nobody waits for it.
//
// It is always doing exactly one thing, and that thing's end decides what comes next or finishes the call: reading on a
// reader thread, writing, or parked at the feed. Deletes itself when gRPC is done with it.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "gateway/ingress/grpc/grpc_door.hpp"
#include "google/rpc/status.pb.h"

namespace stellwerk::ingress::grpc {

class event_watch final : public ::grpc::ServerWriteReactor<::grpc::ByteBuffer>,
                          public open_stream,
                          public ledger_watcher {
 public:
  // Counted among the door's watchers until it is done.
  event_watch(grpc_door& door, std::string tenant, std::uint64_t cursor);
  void start();  // REQUIRES that it stands in the door's open streams
  void stop() override;
  void wake() override;

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void read_page();  // on a reader thread
  void go_on();      // the last thing ended
  void end(const google::rpc::Status& why);

  grpc_door& door_;
  const open_call under_way_;
  const std::string tenant_;

  // Touched by the one thing under way.
  std::uint64_t cursor_;
  std::deque<::grpc::ByteBuffer> page_;  // the first one is being written

  std::mutex mutex_;
  bool ending_ = false;  // finish as soon as the thing under way ended
  ::grpc::Status with_ = ::grpc::Status::OK;
};

}  // namespace stellwerk::ingress::grpc
