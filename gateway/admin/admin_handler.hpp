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
#include "gateway/config/config.hpp"
#include "gateway/delivery/dispatcher.hpp"
#include "gateway/events/audit_log.hpp"
#include "gateway/rehearsal/rehearsal.hpp"
#include "gateway/spool/spool.hpp"
#include "policy/policy.hpp"

namespace stellwerk::admin {

struct readiness {
  bool ready = false;
  std::vector<std::string> reasons;
};

// A policy to put in force; carried out by whoever owns the settings (the app), in order with its reloads.
struct policy_order {
  std::string text;
  std::string expected_version;  // empty: whatever is in force
  std::string reason;
  std::string actor;
};
struct policy_verdict {
  enum class kind : unsigned char { applied, owned_by_file, other_version, faulty, not_written };
  kind what = kind::applied;
  std::string version;                       // in force now
  std::string text;                          // the file's name, or what failed
  std::vector<config::config_fault> faults;  // positions in the order's text
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
  events::audit_log& audit;
  delivery::runner& run;  // handshakes that an operator asks for
  const async::published<config::gateway_config>& settings;
  rehearsal::control_reader controls;  // as the doors read them
  const clock& time;
  // `done` from any thread; it only posts.
  std::function<void(policy_order order, std::function<void(policy_verdict)> done)> apply_policy;
};

[[nodiscard]] net::http_handler make_admin_handler(admin_sources sources);

}  // namespace stellwerk::admin
