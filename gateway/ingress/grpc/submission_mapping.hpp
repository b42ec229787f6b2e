// A request of the wire -> mail::submission, or every fault with its proto path (contracts section 4).
//
// Text that would become a header line, an address or a label is judged here (catalogue P-010, P-100, P-101); what both
// doors ask of the finished content is admission's business. The identity is not read from the request. Thread rule:
// pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "gateway/ingress/grpc/call_status.hpp"
#include "gateway/ingress/ingress_config.hpp"
#include "mail/email.hpp"
#include "mail/submission.hpp"
#include "stellwerk/v1/submission.pb.h"

namespace stellwerk::ingress::grpc {

inline constexpr std::size_t recipients_max = 1000;    // of one submission; the SMTP door's default
inline constexpr std::size_t email_fields_max = 1000;  // of each repeated field of Email: faults and parts stay few

struct mapping_context {
  const client_config& client;
  std::string_view node_name;  // right of the @ of a Message-ID
  time_point now;
  random_source& random;
};

struct mapped_submission {
  mail::submission submission;  // complete when there are no faults
  content_form form = content_form::raw;
  std::vector<mail::field_fault> faults;
};

// Consumes the request's strings. An absent envelope with `email` takes From as reverse path and To, Cc, Bcc as
// recipients; an envelope without recipients takes those alone.
[[nodiscard]] mapped_submission map_submission(stellwerk::v1::Submission& request, const mapping_context& context);

}  // namespace stellwerk::ingress::grpc
