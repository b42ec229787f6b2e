// simulated_gateway: one life of the gateway process, put together as gateway/app does it, on one loop. What is
// replaced: threads (the loop calls), sockets (streams in memory), files (the simulated disk), time and chance.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "gateway/delivery/dispatcher.hpp"
#include "gateway/delivery/io_runner.hpp"
#include "gateway/ingress/admission_pipeline.hpp"
#include "gateway/ingress/auth_failures.hpp"
#include "gateway/ingress/authenticator.hpp"
#include "gateway/ingress/smtp/smtp_server.hpp"
#include "gateway/spool/embedded/embedded_store.hpp"
#include "tests/simulation/house_rules.hpp"
#include "tests/simulation/outer_world.hpp"
#include "tests/simulation/watched.hpp"
#include "tests/support/memory_connector.hpp"
#include "tests/support/simulated_disk.hpp"

namespace stellwerk::simulation {

struct machine {
  spool::simulated_disk& disk;
  test::memory_connector& network;
  logger& log;
  chance& dice;  // how long a commit or a read takes
};

class simulated_gateway {
 public:
  simulated_gateway(outer_world& world, machine& on, house_rules rules, std::uint64_t seed);
  ~simulated_gateway();

  // False: the store did not open; `why` says it.
  [[nodiscard]] bool start();
  [[nodiscard]] const error& why() const { return why_; }

  // ---- the doors ----
  void serve(std::unique_ptr<test::memory_stream> connection);
  void submit(mail::submission what, std::function<void(ingress::admission_answer)> done);

  // ---- the loop ----
  // Does what is ready now; false: there was nothing.
  [[nodiscard]] bool turn();
  [[nodiscard]] steady_point next_wakeup() const;

  // ---- the operator ----
  void reload(const house_rules& rules);
  void start_draining();
  [[nodiscard]] bool drained() const;
  [[nodiscard]] delivery::dispatcher& dispatch() { return *dispatch_; }
  [[nodiscard]] spool::embedded::embedded_store& store() { return *store_; }

  // ---- the end ----
  void close();  // orderly, after draining: what was asked for is committed
  void kill();   // at once: nothing that happens in here is seen any more

 private:
  void commit_soon();
  void commit();
  void read(std::function<void()> work);
  void end_tasks();

  outer_world& world_;
  machine& machine_;
  house_rules rules_;
  error why_;
  bool alive_ = true;
  bool woken_ = true;
  bool commit_planned_ = false;
  steady_point next_house_{};
  std::deque<std::function<void()>> reads_;
  steady_point last_turn_{};
  std::shared_ptr<int> life_;  // what timers look at before they call back

  seeded_random random_;
  seeded_random dispatch_random_;
  id_generator ids_;
  delivery::delivery_metrics delivery_numbers_;
  ingress::ingress_metrics door_numbers_;
  ingress::client_rates rates_;
  ingress::door_pressure pressure_;
  ingress::auth_failures failures_;
  ingress::smtp::connection_limits connections_;
  std::unique_ptr<ingress::published_settings> doors_;
  std::unique_ptr<ingress::published_policy> published_;
  std::unique_ptr<ingress::authenticator> passwords_;
  async::task_group tasks_;
  std::unique_ptr<spool::embedded::embedded_store> store_;
  std::unique_ptr<watched_store> watched_store_;
  std::unique_ptr<delivery::io_runner> runner_;
  std::unique_ptr<watched_runner> watched_runner_;
  std::unique_ptr<delivery::dispatcher> dispatch_;
  std::unique_ptr<ingress::admission_pipeline> admission_;
  std::unique_ptr<ingress::smtp::smtp_server> smtp_;
};

}  // namespace stellwerk::simulation
