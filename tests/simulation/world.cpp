#include "tests/simulation/world.hpp"

#include <array>

#include "tests/simulation/world_state.hpp"

namespace stellwerk::simulation {
namespace {

using namespace std::chrono_literals;

// Asio's own timers run on the machine's clock: ours is so far ahead that none of them ever rings in a run.
constexpr auto ahead_of_the_machine = std::chrono::hours{24 * 365 * 50};
constexpr time_point half_a_century_ago{std::chrono::milliseconds{1'700'000'000'000} - ahead_of_the_machine};

manual_clock& moved_ahead(manual_clock& time) {
  time.advance(ahead_of_the_machine);
  return time;
}

}  // namespace

void story_log::write(log_level level, std::string_view event, std::span<const log_field> fields) {
  std::string line = to_json_line("", level, event, fields);
  if (line.ends_with('\n')) line.pop_back();
  std::fprintf(stderr, "              %s\n", line.c_str());
}

world_state::world_state(std::uint64_t seed, telling how)
    : seed_{seed},
      time_{half_a_century_ago},
      story_{moved_ahead(time_), how == telling::aloud},
      told_{story_},
      log_{story_},
      tasks_{context_.get_executor(),
             [this](std::string_view task, std::string_view what) {
               told_.violation("outer task " + std::string{task} + " died: " + std::string{what});
             }},
      outer_{context_, time_, timers_, tasks_, connections_, told_},
      network_{context_, timers_},
      dice_{seed, "world"},
      machine_dice_{seed, "machine"},
      machine_{disk_, network_, log_, machine_dice_},
      rules_{draw_rules(dice_)},
      home_{outer_, {home_mta, true, true}, seed},
      spare_{outer_, {spare_mta, false, false}, seed},
      vendor_{outer_, vendor, seed},
      begin_{time_.steady()} {
  told_.copies_allowed = rules_.copies_allowed;
  told_.no_failover = rules_.rules.failover_budget.minimum_per_second == 0;
  for (const auto& one : rules_.destinations) told_.connections_max[one.name] = one.connections;
  doors_.dial = [this]() -> std::unique_ptr<test::memory_stream> {
    if (!gateway_) return nullptr;
    auto ends = test::make_memory_pair(context_, timers_);
    if (dice_.one_in(30)) {
      test::memory_faults faults;  // an answer of the gateway is lost
      (dice_.one_in(2) ? faults.reset_after : faults.close_after) = dice_.between(1, 350);
      ends.second->set_write_faults(faults);
    }
    gateway_->serve(std::move(ends.second));
    return std::move(ends.first);
  };
  doors_.submit = [this](mail::submission what, std::function<void(ingress::admission_answer)> done) {
    if (!gateway_) return false;
    gateway_->submit(std::move(what), std::move(done));
    return true;
  };
}

world_state::~world_state() {
  gateway_.reset();
  connections_.end_all(dice_);
  tasks_.cut();
  for (int rounds = 0; tasks_.size() > 0 && rounds < 1000; ++rounds) {
    context_.restart();
    context_.poll();
  }
}

// ---- the loop ----

void world_state::live_until(steady_point end) {
  while (time_.steady() < end) {
    for (bool moved = true; moved;) {
      context_.restart();
      moved = context_.poll() > 0;
      if (gateway_) moved = gateway_->turn() || moved;
      look_after();
    }
    steady_point next = std::min(end, timers_.next());
    if (gateway_) next = std::min(next, gateway_->next_wakeup());
    if (next > time_.steady()) time_.advance(next - time_.steady());
    timers_.run_due();
  }
}

// The supervisor: notices deaths, and a store that refuses everything until it is started again.
void world_state::look_after() {
  if (!gateway_) return;
  if (disk_.stopped()) return gateway_died(true);
  if (draining_ && (gateway_->drained() || time_.steady() >= drain_until_)) return end_gateway_orderly();
  const spool::store_health health = gateway_->store().health();
  if (health.writable || health.reason != "store_failed") {
    failed_since_ = {};
  } else if (failed_since_ == steady_point{}) {
    failed_since_ = time_.steady();
  } else if (time_.steady() - failed_since_ > 4s) {
    gateway_died(false);
  }
}

world_state::survivors world_state::survivors_of_power_loss() {
  if (dice_.one_in(2)) return survivors::synced_only;
  constexpr std::array torn{survivors::half_of_the_rest, survivors::even_sectors, survivors::odd_sectors};
  return torn.at(dice_.between(0, torn.size() - 1));
}

void world_state::gateway_died(bool power) {
  story_.note(power ? "POWER LOST" : "PROCESS KILLED");
  ++deaths_;
  power_losses_ += power ? 1 : 0;
  gateway_->kill();
  gateway_.reset();
  disk_.come_back(power ? survivors_of_power_loss() : survivors::all_written);
  draining_ = false;
  power_will_fail_ = false;
  if (dice_.one_in(4)) damage_something();
  (void)timers_.call_at(time_.steady() + dice_.between_ms(100, 8'000), [this] { start_gateway(); });
}

void world_state::end_gateway_orderly() {
  story_.note("PROCESS STOPPED");
  ++deaths_;
  gateway_->close();
  gateway_.reset();
  disk_.come_back(spool::simulated_disk::survivors::all_written);
  draining_ = false;
  (void)timers_.call_at(time_.steady() + dice_.between_ms(100, 3'000), [this] { start_gateway(); });
}

void world_state::start_gateway() {
  if (gateway_) return;
  const bool fails = !healed_ && lives_ > 0 && dice_.one_in(6);
  if (fails) disk_.lose_power_at(disk_.operations() + dice_.between(1, 60));
  auto next = std::make_unique<simulated_gateway>(outer_, machine_, rules_, seed_ * 1000 + lives_);
  ++lives_;
  failed_since_ = {};
  if (!next->start()) {
    story_.note("START FAILED " + next->why().message());
    const bool is_excused = disk_.stopped() || disk_is_full_ || repair_;
    if (repair_) std::exchange(repair_, nullptr)();
    if (!is_excused) told_.violation("the store does not open: " + next->why().message());
    next.reset();
    disk_.come_back(survivors_of_power_loss());
    ++power_losses_;
    if (lives_ > 50) return told_.violation("the store never opens");
    (void)timers_.call_at(time_.steady() + dice_.between_ms(100, 3'000), [this] { start_gateway(); });
    return;
  }
  gateway_ = std::move(next);
  repair_ = nullptr;
  story_.note("PROCESS STARTED");
  if (!disk_.stopped()) verify_recovered();
}

// What was acknowledged is there; what was final still is. Learns rows whose commit nobody lived to be told of.
void world_state::verify_recovered() {
  spool::store& store = gateway_->store();
  spool::message_filter all;
  all.limit = 100'000;
  const auto listed = store.list(all);
  if (!listed) return told_.violation("the store cannot list: " + listed.error().message());
  for (const spool::listed_recipient& one : *listed) {
    if (is_final(one.recipient.state)) continue;
    const spool::recipient_key& key = one.recipient.key;
    const auto loaded = store.load_message(key.message);
    if (!loaded || !loaded->content) {
      if (!told_.damaged) told_.violation("a message without its content: " + key.message.to_string());
      continue;
    }
    const auto notice = notice_in(loaded->message, one.recipient.address, *loaded->content);
    if (notice && !told_.notices().contains(notice->token)) told_.notice_stored(*notice);
    told_.stored({token_of(*loaded->content), one.recipient.address}, key.message, key.index);
  }
  for (const auto& [row, pair] : told_.rows()) {
    const pair_record& record = told_.pairs().at(pair);
    const auto stored = store.load_recipient({row.first, row.second});
    for (std::size_t i = 0; stored && i < stored->attempts.size(); ++i) {
      told_.outcome_found(pair, stored->attempts[i].attempt_id, stored->attempts[i].outcome);
    }
    if (!stored) {
      if (record.promised == promise::acknowledged) told_.violation("lost at a restart: " + pair.text());
    } else if (record.final_written && stored->state != *record.final_written) {
      told_.violation("a final state was forgotten: " + pair.text());
    }
  }
}

// A bit of the disk turns while nobody looks: in a body, which is then set aside, or in the log of the state, whose
// start is refused until the copy of the operator is back.
void world_state::damage_something() {
  const bool in_log = dice_.one_in(2);
  std::vector<std::string> paths = disk_.files_like(in_log ? ".log" : "/segments/");
  std::erase_if(paths, [&](const std::string& path) { return disk_.find(path)->bytes.size() < 400; });
  if (paths.empty() || repair_) return;
  const auto file = disk_.find(paths[dice_.between(0, paths.size() - 1)]);
  const std::size_t where = dice_.between(0, file->bytes.size() / 2);
  const char turned = static_cast<char>(file->bytes[where] ^ (1 << dice_.between(0, 7)));
  story_.note(std::string{"a bit turns in "} + (in_log ? "the log" : "a segment"));
  const char before = std::exchange(file->bytes[where], turned);
  if (in_log) {
    repair_ = [file, where, before] { file->bytes[where] = before; };
  } else {
    told_.damaged = true;
    told_.restored.clear();  // it may have been one of these
  }
}

// ---- the end ----

void world_state::heal() {
  story_.note("EVERYTHING HEALS");
  healed_ = true;
  home_.set_trouble(0);
  spare_.set_trouble(0);
  vendor_.set_trouble(0);
  open_network();
  disk_.set_capacity(~0ULL);
  disk_is_full_ = false;
  if (gateway_ && power_will_fail_) gateway_died(true);
  if (!gateway_) live_until(time_.steady() + 10s);
  if (!gateway_) start_gateway();
  if (!gateway_) return;  // told already
  gateway_->dispatch().post([this] {
    for (const char* name : {home_mta, spare_mta, vendor}) gateway_->dispatch().destinations().resume(name);
  });
}

bool world_state::everything_settled() {
  if (!gateway_ || tasks_.size() > connections_.size()) return false;
  std::uint64_t open = 0;
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    for (const mail::recipient_state state : mail::all_recipient_states) {
      if (!is_final(state)) open += gateway_->store().count(stream, state);
    }
  }
  return open == 0 && gateway_->dispatch().unsettled() == 0 && gateway_->dispatch().attempts_in_flight() == 0;
}

void world_state::drain_queue() {
  const steady_point limit = time_.steady() + 3 * lifetime_max;
  while (time_.steady() < limit && !everything_settled()) {
    live_until(time_.steady() + 5s);
    if (!gateway_) continue;
    spool::message_filter held;
    held.state = mail::recipient_state::held;
    const auto listed = gateway_->store().list(held);
    if (!listed) continue;
    for (const spool::listed_recipient& one : *listed) {
      gateway_->dispatch().operate(
          {delivery::operation::release, delivery::authority::operators, one.recipient.key.message, {}, "operator", ""},
          [](const auto&) {});
    }
  }
  if (!everything_settled() && !told_.damaged) told_.violation("mail that does not end although everything works");
}

void world_state::finish() {
  if (gateway_) gateway_->kill();
  gateway_.reset();
  disk_.come_back(spool::simulated_disk::survivors::synced_only);
  start_gateway();
  if (!gateway_) return told_.violation("the store did not open at the end");
  check_promises(told_, gateway_->store());
}

run_result world_state::run() {
  open_network();
  start_gateway();
  plan_letters();
  plan_weather();
  plan_disk();
  plan_operator();
  live_until(begin_ + active_);
  heal();
  drain_queue();
  finish();
  run_result result;
  result.seed = seed_;
  result.hash = story_.hash();
  result.lines = story_.lines();
  result.violations = told_.violations();
  result.deaths = deaths_;
  result.power_losses = power_losses_;
  count_up(told_, result);
  return result;
}

run_result run_world(std::uint64_t seed, telling how) { return world_state{seed, how}.run(); }

}  // namespace stellwerk::simulation
