// world_state: the parts of one run and what moves them. Private to the world's sources.
#pragma once

#include <memory>
#include <string>

#include "tests/simulation/clients.hpp"
#include "tests/simulation/mailjet_sink.hpp"
#include "tests/simulation/mta_sink.hpp"
#include "tests/simulation/simulated_gateway.hpp"
#include "tests/simulation/world.hpp"

namespace stellwerk::simulation {

// The log of the gateway in the story that is told aloud.
class story_log final : public logger {
 public:
  story_log(trace& story) : story_{story} {}
  bool enabled(log_level level) const noexcept override { return story_.shown() && level >= log_level::info; }
  void write(log_level level, std::string_view event, std::span<const log_field> fields) override;

 private:
  trace& story_;
};

class world_state {
 public:
  world_state(std::uint64_t seed, telling how);
  ~world_state();

  [[nodiscard]] run_result run();

 private:
  // world.cpp: the loop and the supervisor
  void live_until(steady_point end);
  void look_after();
  void start_gateway();
  using survivors = spool::simulated_disk::survivors;
  [[nodiscard]] survivors survivors_of_power_loss();
  void gateway_died(bool power);
  void end_gateway_orderly();
  void verify_recovered();
  void damage_something();
  void heal();
  [[nodiscard]] bool everything_settled();
  void drain_queue();
  void finish();

  // world_events.cpp: what happens when
  void plan_letters();
  void plan_weather();
  void plan_disk();
  void plan_operator();
  void send(letter what);
  void send_by_smtp(letter what);
  void change_weather();
  void disk_event();
  void operator_event();
  void operate_on_somebody();
  void open_network();
  void at(std::chrono::milliseconds when, std::function<void()> what);

  const std::uint64_t seed_;
  manual_clock time_;
  trace story_;
  truth told_;
  story_log log_;
  async::io_context context_{1};
  test::manual_timers timers_{time_};
  async::task_group tasks_;
  links connections_;
  outer_world outer_;
  spool::simulated_disk disk_;
  test::memory_connector network_;
  chance dice_;
  chance machine_dice_;
  machine machine_;
  house_rules rules_;
  mta_sink home_;
  mta_sink spare_;
  mailjet_sink vendor_;
  gateway_doors doors_;
  std::unique_ptr<simulated_gateway> gateway_;

  steady_point begin_;
  std::chrono::milliseconds active_{0};
  std::uint64_t lives_ = 0;
  std::uint64_t deaths_ = 0;
  std::uint64_t power_losses_ = 0;
  bool healed_ = false;
  bool draining_ = false;
  bool power_will_fail_ = false;
  bool disk_is_full_ = false;
  std::function<void()> repair_;  // of a damaged log
  steady_point drain_until_{};
  steady_point failed_since_{};
};

// checker.cpp: every promise against what happened. `store` is open and nothing moves.
void check_promises(truth& told, spool::store& store);
// A bound on what the run itself contained, for the result.
void count_up(const truth& told, run_result& result);

}  // namespace stellwerk::simulation
