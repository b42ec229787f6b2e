// The parts of the gateway in the order they are made; private to the composition root.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/registry.hpp"
#include "base/async/blocking_pool.hpp"
#include "base/async/io_threads.hpp"
#include "base/async/published.hpp"
#include "base/async/turn_loop.hpp"
#include "base/net/http_server.hpp"
#include "gateway/admin/admin_handler.hpp"
#include "gateway/app/file_watch.hpp"
#include "gateway/app/gateway.hpp"
#include "gateway/app/io_unit.hpp"
#include "gateway/delivery/dispatcher.hpp"
#include "gateway/delivery/io_runner.hpp"
#include "gateway/events/audit_log.hpp"
#include "gateway/events/suppression_list.hpp"
#include "gateway/ingress/authenticator.hpp"
#include "gateway/ingress/door_pressure.hpp"
#include "gateway/ingress/door_settings.hpp"
#include "gateway/ingress/grpc/grpc_server.hpp"
#include "gateway/ingress/ingress_metrics.hpp"
#include "gateway/ingress/smtp/smtp_server.hpp"
#include "gateway/spool/embedded/embedded_store.hpp"
#include "gateway/spool/embedded/file_system.hpp"
#include "gateway/telemetry/log_sink.hpp"
#include "gateway/telemetry/registry.hpp"

namespace stellwerk::app {

// What the process itself shows (contracts section 6).
struct process_metrics {
  explicit process_metrics(metric_registry& registry);
  void show_policy(metric_registry& registry, const std::string& version);
  void show_certificate(metric_registry& registry, const std::string& name, time_point end);

  gauge store_writable;
  gauge spool_state_bytes;
  gauge spool_body_bytes;
  counter reloads_accepted;
  counter reloads_refused;
  gauge audit_intact;
  std::map<std::string, gauge> certificate_expiry;  // by listener
  gauge attempts_in_flight;
  gauge unsettled;
  std::array<std::array<gauge, 15>, 2> messages;  // [stream][state]
  gauge policy_version;                           // of the version shown last
};

struct gateway::parts {
  explicit parts(config::gateway_config configuration);

  [[nodiscard]] std::optional<start_fault> open_store();
  [[nodiscard]] std::optional<start_fault> open_doors(std::vector<std::string>& lines);
  [[nodiscard]] std::optional<start_fault> open_smtp(const ingress::smtp_listener_config& door,
                                                     std::vector<std::string>& lines);
  [[nodiscard]] std::optional<start_fault> open_admin(std::vector<std::string>& lines);
  // gateway_changes.cpp
  [[nodiscard]] std::optional<start_fault> open_audit();
  [[nodiscard]] std::optional<start_fault> adopt_stored_policy();
  [[nodiscard]] std::string keep_stored_policy(config::gateway_config& next) const;  // "" or why not
  [[nodiscard]] admin::policy_verdict apply(const admin::policy_order& order);
  void publish_policy();
  void log_findings();
  [[nodiscard]] std::optional<start_fault> write_start();  // the first line of this run
  [[nodiscard]] std::optional<start_fault> load_marks();
  void restore_marks();  // before the dispatch thread runs
  [[nodiscard]] std::optional<start_fault> load_suppressions();
  void post_to_main(std::function<void()> work);  // any thread; done by the next tick
  void run_orders();

  [[nodiscard]] admin::readiness readiness() const;
  [[nodiscard]] bool loops_turn() const;
  void show_counts();
  void watch_pressure();
  [[nodiscard]] delivery::stream_shares shares() const {
    return {settings.streams.transactional_guaranteed, settings.streams.marketing_guaranteed};
  }

  config::gateway_config settings;
  system_clock time;
  telemetry::registry metrics;
  telemetry::log_sink log;
  process_metrics shown;
  delivery::delivery_metrics delivery_numbers;
  std::unique_ptr<ingress::ingress_metrics> door_numbers;

  async::published<policy::policy> rules;
  async::published<config::gateway_config> in_force;  // `settings` for other threads
  std::unique_ptr<ingress::published_settings> doors;
  ingress::door_pressure pressure;
  ingress::client_rates rates;
  ingress::auth_failures failures;
  ingress::smtp::connection_limits connections;

  async::blocking_pool readers;  // store reads
  async::blocking_pool workers;  // names, password hashes
  async::io_threads threads;
  std::vector<std::unique_ptr<io_unit>> units;
  ingress::password_authenticator passwords;
  std::unique_ptr<spool::embedded::segment_file> audit_file;
  std::unique_ptr<spool::embedded::embedded_store> store;
  std::unique_ptr<events::audit_log> audit;
  std::string marks;                      // operators', as the last run left them
  events::suppression_list suppressions;  // until the dispatcher has it
  std::mutex orders_mutex;
  std::vector<std::function<void()>> orders;
  seeded_random dispatch_random;
  std::unique_ptr<async::io_threads> dispatch_thread;  // null: dispatch runs on the first io thread
  std::unique_ptr<async::turn_loop> dispatching;
  std::unique_ptr<delivery::io_runner> runner;
  std::unique_ptr<delivery::dispatcher> dispatch;
  std::vector<std::unique_ptr<ingress::smtp::smtp_server>> smtp;
  std::unique_ptr<ingress::grpc::grpc_server> grpc;
  std::atomic<ingress::grpc::grpc_server*> ledger_listener{nullptr};
  std::unique_ptr<net::http_server> admin;
  file_watch watch;
  bool bound = false;
  bool draining = false;
};

}  // namespace stellwerk::app
