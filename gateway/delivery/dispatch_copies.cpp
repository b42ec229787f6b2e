// Messages made from others go through one door: accepted in the batch that settles or starts their cause, with its
// client, tenant, stream, tags and metadata, so that the same invariants bind them. Here also: copies for a sandbox.
#include <map>
#include <utility>

#include "base/text.hpp"
#include "gateway/delivery/dispatcher.hpp"

namespace stellwerk::delivery {

// `request` has its message and the addresses of its recipients; they are put into a lane and may start when it is
// durable, or at its `send_at`.
void dispatcher::accept_made(settlement& work, spool::accept_request request) {
  const time_point now = env_.time.now();
  spool::message_row& row = request.message;
  const time_point due = row.send_at.value_or(now);
  row.expires = due + rules_->config().retry.at(row.stream).lifetime;
  row.recipients = static_cast<std::uint32_t>(request.recipients.size());
  row.size = request.content->size();
  // A notice that returns 8-bit content is 8-bit itself: only a peer that offers 8BITMIME may have it.
  row.body_8bitmime = row.body_8bitmime || !is_ascii(*request.content);
  auto made = make_delivery_message(row, request.content);
  if (!made) {
    env_.log.error("made_message_malformed", {{"queue_id", row.id.to_string()}, {"reason", row.stream_reason}});
    return;
  }
  std::uint32_t index = 0;
  for (spool::recipient_row& recipient : request.recipients) {
    recipient.key = {row.id, index++};
    recipient.dsn.never = true;
    recipient.state = row.send_at ? mail::recipient_state::scheduled : mail::recipient_state::ready;
    recipient.due = due;
    recipient.changed = now;
    set_lane(**made, recipient, request.new_lanes);
    if (spool::stands_in_line(recipient.state)) work.follow.accepted.push_back(recipient.lane);
    lease(recipient.key);
    work.follow.waits.push_back({recipient.lane, item_for(*made, recipient), false});
  }
  events::ledger_event event;
  event.kind = events::event_kind::accepted;
  event.at = now;
  event.message = row.id;
  event.stream = to_string(row.stream);
  event.stream_reason = row.stream_reason;
  request.ledger.push_back({0, row.tenant, events::encode(event)});
  for (const spool::lane_row& lane : request.new_lanes) work.follow.new_lanes.push_back(lane.id);
  work.request.accepts.push_back(std::move(request));
}

// The recipients of `group` that a shadow node copies, one message for each sandbox.
void dispatcher::copy_to_sandbox(settlement& work, const delivery_message& message,
                                 const std::vector<spool::recipient_row>& rows, const start_group& group) {
  std::map<std::uint16_t, std::vector<spool::recipient_row>> wanted;
  for (const auto& [key, destination] : group.copies) {
    for (const spool::recipient_row& row : rows) {
      if (row.key != key) continue;
      spool::recipient_row copy;
      copy.address = row.address;
      wanted[destination].push_back(std::move(copy));
    }
  }
  for (auto& [destination, recipients] : wanted) {
    spool::accept_request request;
    request.message = made_from(message.row(), ids_.next(), env_.time.now());
    request.message.reverse_path = message.row().reverse_path;
    request.message.body_8bitmime = message.row().body_8bitmime;
    request.message.shadow_destination = rules_->destinations()[destination].name;
    request.content = message.content();
    request.recipients = std::move(recipients);
    accept_made(work, std::move(request));
    env_.metrics.shadow_copies_total.add();
  }
}

}  // namespace stellwerk::delivery
