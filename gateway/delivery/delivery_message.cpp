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
  facts_.shadow_destination = row_.shadow_destination;
  facts_.is_notice = row_.is_notice;
  facts_.bound_by = &row_.bound_by;
}

spool::message_row made_from(const spool::message_row& cause, queue_id id, time_point now) {
  spool::message_row row;
  row.id = id;
  row.client = cause.client;
  row.tenant = cause.tenant;
  row.ingress = cause.ingress;
  row.listener = cause.listener;
  row.smtputf8 = cause.smtputf8;
  row.stream = cause.stream;
  row.stream_source = cause.stream_source;
  row.stream_reason = "made from " + cause.id.to_string();
  row.campaign = cause.campaign;
  row.template_name = cause.template_name;
  row.tags = cause.tags;
  row.metadata = cause.metadata;
  row.bound_by = cause.bound_by;
  row.accepted = now;
  return row;
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
  past.rerouted_to = recipient.rerouted_to;
  past.attempts.reserve(recipient.attempts.size());
  for (const spool::attempt_row& row : recipient.attempts) {
    past.attempts.push_back({row.attempt_id, row.destination, row.route, row.policy_version, row.started, row.ended,
                             row.outcome, row.enhanced_status, row.reply, row.vendor_message_id, row.refused_point});
  }
  return past;
}

}  // namespace stellwerk::delivery
