// The fingerprint of a gRPC submission: what the client asked for, before a Date, a Message-ID or a boundary was made
// (architecture section 6). Field by field, so that it depends on no encoder. Thread rule: pure.
#pragma once

#include "gateway/ingress/fingerprint.hpp"
#include "stellwerk/v1/submission.pb.h"

namespace stellwerk::ingress::grpc {

// Everything but the key itself.
[[nodiscard]] fingerprint fingerprint_of_grpc(const stellwerk::v1::Submission& request);

}  // namespace stellwerk::ingress::grpc
