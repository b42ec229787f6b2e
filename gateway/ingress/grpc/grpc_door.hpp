// What the calls of the gRPC door share: the services, the bounds, who is open. Owned by the server.
//
// Thread rule: any thread; what is bound to one stands behind `next_place`.
#pragma once

#include <atomic>
#include <cstddef>

#include "gateway/ingress/grpc/call_budget.hpp"
#include "gateway/ingress/grpc/grpc_server.hpp"
#include "gateway/ingress/grpc/ledger_feed.hpp"
#include "gateway/ingress/grpc/open_calls.hpp"
#include "gateway/ingress/grpc/open_streams.hpp"

namespace stellwerk::ingress::grpc {

struct grpc_door {
  explicit grpc_door(grpc_services with)
      : services{std::move(with)},
        feed{services.store.last_ledger_sequence()},
        submissions{submissions_under_way_max, bytes_under_way_max} {}

  // Round robin: calls of one connection spread over the io threads.
  [[nodiscard]] admission_place& next_place() {
    return services.places[turn.fetch_add(1, std::memory_order_relaxed) % services.places.size()];
  }
  [[nodiscard]] bool is_draining() const {
    return draining.load(std::memory_order_relaxed) || services.pressure.draining();
  }

  grpc_services services;
  ledger_feed feed;
  call_budget submissions;
  open_calls calls;
  open_streams streams;
  std::atomic<std::size_t> watchers{0};
  std::atomic<std::size_t> turn{0};
  std::atomic<bool> draining{false};
};

}  // namespace stellwerk::ingress::grpc
