// The admin side over HTTP: metrics, health and the admin services as JSON (unary Connect protocol, contracts section
// 4).
//
//   GET  /metrics /livez /readyz
//   POST /stellwerk.v1.QueueService/ListMessages ... with a protobuf JSON body, answered by protobuf JSON
//
// Thread rule: the handler runs on the thread of its http_server; reads go to the readers, operations to the
// dispatcher.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/async/blocking_pool.hpp"
#include "base/async/published.hpp"
#include "base/log.hpp"
#include "base/net/http.hpp"
#include "gateway/delivery/dispatcher.hpp"
#include "gateway/spool/spool.hpp"
#include "policy/policy.hpp"

namespace stellwerk::admin {

struct readiness {
  bool ready = false;
  std::vector<std::string> reasons;
};

// REQUIRES that what is referred to outlives the handler and its requests.
struct admin_sources {
  std::function<std::string()> metrics_text;  // Prometheus text format 0.0.4
  std::function<admin::readiness()> readiness;
  std::function<bool()> alive;  // the loops turn
  delivery::dispatcher& dispatch;
  spool::store& store;
  const async::published<policy::policy>& policy;
  async::blocking_pool& readers;
  logger& log;
  std::string token_hash;  // SHA-256 hex; empty: no token is asked for (loopback)
};

[[nodiscard]] net::http_handler make_admin_handler(admin_sources sources);

}  // namespace stellwerk::admin
