// What both fixtures of the delivery side are made of: a destination, a submission, an outcome.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/spool/spool.hpp"
#include "policy/policy.hpp"
#include "tests/support/failover_route.hpp"

namespace stellwerk::delivery {

using policy::failover_route;

inline policy::destination_traits a_destination(std::string name, std::uint32_t connections) {
  policy::destination_traits traits;
  traits.name = std::move(name);
  traits.adapter = "smtp";
  traits.connections = connections;
  return traits;
}

// A letter of acme's shop, accepted now, to live for a day.
inline spool::accept_request a_submission(const queue_id& id, time_point now,
                                          const std::vector<std::string>& recipients) {
  static const mail::content_ptr letter = std::make_shared<const std::string>(
      "From: Shop <sender@shop.example>\r\nTo: someone@example.org\r\nSubject: Hello\r\n\r\nBody.\r\n");
  spool::accept_request request;
  request.message.id = id;
  request.message.client = "shop";
  request.message.tenant = "acme";
  request.message.listener = "legacy";
  request.message.reverse_path = "sender@shop.example";
  request.message.dsn_allowed = true;
  request.message.accepted = now;
  request.message.expires = now + std::chrono::hours{24};
  request.message.recipients = static_cast<std::uint32_t>(recipients.size());
  request.content = letter;
  request.message.size = letter->size();
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    spool::recipient_row row;
    row.key = {id, static_cast<std::uint32_t>(i)};
    row.address = recipients[i];
    row.state = mail::recipient_state::ready;
    request.recipients.push_back(std::move(row));
  }
  return request;
}

inline mail::recipient_outcome outcome_with(mail::attempt_outcome what, int code = 0, std::string enhanced = {},
                                            std::string reply = {}) {
  mail::recipient_outcome out;
  out.outcome = what;
  out.stage = mail::attempt_stage::dot;
  out.code = code;
  out.enhanced_status = std::move(enhanced);
  out.reply = std::move(reply);
  return out;
}

inline mail::recipient_outcome connect_refused() {
  mail::recipient_outcome out = outcome_with(mail::attempt_outcome::deferred_destination, 0, "", "connection refused");
  out.stage = mail::attempt_stage::connect;
  out.connect_class = true;
  return out;
}

}  // namespace stellwerk::delivery
