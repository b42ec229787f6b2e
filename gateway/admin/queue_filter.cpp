#include "gateway/admin/queue_filter.hpp"

#include <algorithm>

namespace stellwerk::admin {
namespace {

namespace v1 = stellwerk::v1;

constexpr int page_size_default = 100;
constexpr int page_size_max = 1000;
constexpr int pages_read_max = 20;  // of one request: then the answer is short and its token goes on

call_fault invalid(std::string message) { return {connect_code::invalid_argument, std::move(message)}; }

// The fields that lists and orders share.
template <class Wire>
std::optional<call_fault> read_common(const Wire& wire, queue_filter& filter) {
  if (!wire.state().empty()) {
    filter.stored.state = mail::parse_recipient_state(wire.state());
    if (!filter.stored.state) return invalid("state: no such state");
  }
  switch (wire.traffic_stream()) {
    case v1::TRAFFIC_STREAM_UNSPECIFIED: break;
    case v1::TRAFFIC_STREAM_TRANSACTIONAL: filter.stored.stream = mail::traffic_stream::transactional; break;
    case v1::TRAFFIC_STREAM_MARKETING: filter.stored.stream = mail::traffic_stream::marketing; break;
    default: return invalid("traffic_stream: no such stream");
  }
  filter.stored.open_only = true;
  filter.stored.tenant = wire.tenant();
  filter.stored.recipient_domain = wire.recipient_domain();
  filter.destination = wire.destination();
  filter.reason = wire.reason();
  return std::nullopt;
}

std::map<spool::lane_id, std::string> first_choices(const spool::store& store) {
  std::map<spool::lane_id, std::string> out;
  for (const spool::lane_row& lane : store.lanes()) {
    if (!lane.candidates.empty()) out.emplace(lane.id, lane.candidates.front());
  }
  return out;
}

}  // namespace

bool queue_filter::passes(const spool::listed_recipient& one,
                          const std::map<spool::lane_id, std::string>& first_choices) const {
  const spool::recipient_row& row = one.recipient;
  if (!reason.empty() && row.reason != reason) return false;
  if (destination.empty()) return true;
  if (!row.pinned_destination.empty()) return row.pinned_destination == destination;
  if (row.intent) return row.intent->destination == destination;
  if (!row.attempts.empty()) return row.attempts.back().destination == destination;
  const auto choice = first_choices.find(row.lane);
  return choice != first_choices.end() && choice->second == destination;
}

outcome<queue_filter> read_filter(const v1::ListMessagesRequest& request) {
  queue_filter filter;
  if (auto fault = read_common(request, filter)) return std::move(*fault);
  if (!request.page_token().empty()) {
    filter.stored.after = queue_id::parse(request.page_token());
    if (!filter.stored.after) return invalid("page_token: not a token of this list");
  }
  if (request.page_size() < 0) return invalid("page_size: negative");
  filter.stored.limit = static_cast<std::size_t>(
      std::min(request.page_size() == 0 ? page_size_default : request.page_size(), page_size_max));
  return filter;
}

outcome<queue_filter> read_filter(const v1::MessageFilter& wire) {
  queue_filter filter;
  if (auto fault = read_common(wire, filter)) return std::move(*fault);
  if (describe(filter).empty()) return invalid("filter: names nothing; give at least one field");
  filter.stored.limit = page_size_max;
  return filter;
}

std::string describe(const queue_filter& filter) {
  std::string out;
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!out.empty()) out += ' ';
    out += std::string{name} + '=' + std::string{value};
  };
  add("state", filter.stored.state ? to_string(*filter.stored.state) : std::string_view{});
  add("stream", filter.stored.stream ? to_string(*filter.stored.stream) : std::string_view{});
  add("tenant", filter.stored.tenant);
  add("recipient_domain", filter.stored.recipient_domain);
  add("destination", filter.destination);
  add("reason", filter.reason);
  return out;
}

result<queue_page> read_page(spool::store& store, queue_filter filter) {
  queue_page page;
  const std::size_t wanted = filter.stored.limit;
  const auto choices = filter.destination.empty() ? std::map<spool::lane_id, std::string>{} : first_choices(store);
  for (int read = 0; read < pages_read_max; ++read) {
    auto rows = store.list(filter.stored);
    if (!rows) return rows.error();
    const std::size_t found = rows->size();
    if (found > 0) filter.stored.after = rows->back().message.id;
    for (spool::listed_recipient& one : *rows) {
      if (filter.passes(one, choices)) page.rows.push_back(std::move(one));
    }
    if (found < filter.stored.limit) return page;
    page.next = filter.stored.after;
    if (page.rows.size() >= wanted) return page;
  }
  return page;
}

}  // namespace stellwerk::admin
