#include "gateway/delivery/delivery_message.hpp"

#include <utility>

namespace stellwerk::delivery {

delivery_message::delivery_message(spool::message_row row, mail::analysed_ptr analysed)
    : row_{std::move(row)}, analysed_{std::move(analysed)} {
  facts_.id = row_.id;
  facts_.client = row_.client;
  facts_.tenant = row_.tenant;
  facts_.ingress = to_string(row_.ingress);
  facts_.listener = row_.listener;
  facts_.reverse_path = row_.reverse_path;
  facts_.header_from = analysed_->header_from;
  facts_.header_from_domain = analysed_->header_from_domain;
  facts_.subject = analysed_->subject;
  facts_.campaign = row_.campaign;
  facts_.template_name = row_.template_name;
  facts_.message_id = analysed_->message_id;
  facts_.header = &analysed_->header;
  facts_.features = &analysed_->features;
  facts_.tags = &row_.tags;
  facts_.metadata = &row_.metadata;
  facts_.size = row_.size;
  facts_.recipients = row_.recipients;
  facts_.accepted_at = starts();
}

result<message_ptr> make_delivery_message(spool::message_row row, mail::content_ptr content,
                                          mail::analysed_ptr analysed) {
  if (!analysed) {
    // Its last recipient became final meanwhile, and the body went with it.
    if (!content) return error{errc::not_found, "delivery.content"};
    auto parsed = mail::analyse_message(std::move(content));
    if (!parsed) return parsed.error();
    analysed = std::move(*parsed);
  }
  return std::make_shared<const delivery_message>(std::move(row), std::move(analysed));
}

policy::facts facts_of(const delivery_message& message, const spool::recipient_row& recipient, time_point now) {
  policy::facts facts = policy::make_facts(message.facts(), message.row().stream, recipient.address);
  facts.attempt = recipient.attempts_made;
  facts.age = now > message.starts() ? now - message.starts() : duration{0};
  return facts;
}

policy::history history_of(const spool::recipient_row& recipient) {
  policy::history past;
  past.pinned_destination = recipient.pinned_destination;
  past.attempts.reserve(recipient.attempts.size());
  for (const spool::attempt_row& row : recipient.attempts) {
    past.attempts.push_back({row.attempt_id, row.destination, row.route, row.policy_version, row.started, row.ended,
                             row.outcome, row.enhanced_status, row.reply, row.vendor_message_id, row.refused_point});
  }
  return past;
}

}  // namespace stellwerk::delivery
