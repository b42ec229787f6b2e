#include "gateway/ingress/grpc/event_watch.hpp"

#include <utility>

#include "base/limits.hpp"
#include "gateway/ingress/grpc/call_status.hpp"
#include "gateway/ingress/grpc/row_mapping.hpp"
#include "gateway/ingress/grpc/wire_bytes.hpp"

namespace stellwerk::ingress::grpc {

event_watch::event_watch(grpc_door& door, std::string tenant, std::uint64_t cursor)
    : door_{door}, under_way_{door.calls}, tenant_{std::move(tenant)}, cursor_{cursor} {}

void event_watch::start() {
  // The header tells the client that it is watching, also when there is nothing to see.
  StartSendInitialMetadata();
  go_on();
}

void event_watch::go_on() {
  bool ending = false;
  {
    const std::lock_guard lock{mutex_};
    ending = ending_;
    if (!ending && !page_.empty()) {
      StartWrite(&page_.front());
      return;
    }
  }
  if (!ending && door_.services.readers.post([this] { read_page(); })) return;
  end(too_busy());  // unless it is ending for another reason
  Finish(with_);
}

void event_watch::read_page() {
  // The whole ledger and not the tenant's rows alone: the cursor then passes what others wrote.
  const auto rows = door_.services.store.read_ledger(cursor_, {}, limits::events_page_max);
  if (!rows) {
    end(store_unreadable());
    return go_on();
  }
  for (const spool::ledger_row& row : *rows) {
    cursor_ = row.sequence;
    if (row.tenant != tenant_) continue;
    stellwerk::v1::WatchEventsResponse event;
    if (fill(event, row)) page_.push_back(to_bytes(event));
  }
  if (rows->empty()) {
    const std::lock_guard lock{mutex_};
    if (!ending_ && door_.feed.park(*this, cursor_)) return;
  }
  go_on();
}

void event_watch::wake() { go_on(); }

void event_watch::OnWriteDone(bool ok) {
  page_.pop_front();
  if (!ok) end(make_status(::grpc::StatusCode::CANCELLED, "CALL_ENDED", "the call ended"));
  go_on();
}

void event_watch::end(const google::rpc::Status& why) {
  const std::lock_guard lock{mutex_};
  if (ending_) return;
  ending_ = true;
  with_ = to_grpc(why);
}

void event_watch::OnCancel() {
  end(make_status(::grpc::StatusCode::CANCELLED, "CALL_ENDED", "the call ended"));
  if (door_.feed.unpark(*this)) go_on();
}

void event_watch::stop() {
  end(draining());
  if (door_.feed.unpark(*this)) go_on();
}

void event_watch::OnDone() {
  door_.streams.remove(*this);
  door_.watchers.fetch_sub(1, std::memory_order_relaxed);
  delete this;
}

}  // namespace stellwerk::ingress::grpc
