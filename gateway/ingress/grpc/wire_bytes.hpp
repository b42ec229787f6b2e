// Messages of the wire from and to gRPC's buffers. The service takes raw buffers, because what does not parse must be
// answered INVALID_ARGUMENT (gRPC itself says UNIMPLEMENTED) and because parsing is work for the io threads.
#pragma once

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>

namespace stellwerk::ingress::grpc {

// The buffer is emptied. False: not the protocol's bytes (also text that is not UTF-8).
template <class Message>
[[nodiscard]] bool parse_bytes(::grpc::ByteBuffer& bytes, Message& out) {
  return ::grpc::SerializationTraits<Message>::Deserialize(&bytes, &out).ok();
}

template <class Message>
[[nodiscard]] ::grpc::ByteBuffer to_bytes(const Message& message) {
  ::grpc::ByteBuffer bytes;
  bool own = false;
  // Fails only for messages beyond 2 GiB, which an answer is not.
  (void)::grpc::SerializationTraits<Message>::Serialize(message, &bytes, &own);
  return bytes;
}

}  // namespace stellwerk::ingress::grpc
