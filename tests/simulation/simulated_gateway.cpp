#include "tests/simulation/simulated_gateway.hpp"

#include <stdexcept>
#include <utility>

#include "adapters/registry.hpp"

namespace stellwerk::simulation {
namespace {

// Nobody logs in here.
class no_passwords final : public ingress::authenticator {
 public:
  async::awaitable<ingress::auth_verdict> check(ingress::door_settings_ptr, ingress::credentials) override {
    co_return ingress::auth_verdict::refused;
  }
};

async::awaitable<void> admit_one(ingress::admission_pipeline& door, mail::submission what,
                                 ingress::door_settings_ptr settings,
                                 std::function<void(ingress::admission_answer)> done) {
  const ingress::client_config* client = settings->clients.by_name(what.client);
  ingress::admission_answer answer = co_await door.admit(std::move(what), *client);
  done(std::move(answer));
}

async::awaitable<void> drain_door(ingress::smtp::smtp_server& door, steady_point deadline) {
  co_await door.drain(deadline);
}

constexpr std::chrono::seconds house_interval{2};
constexpr std::chrono::milliseconds shortest_step{1};

}  // namespace

simulated_gateway::simulated_gateway(outer_world& world, machine& on, house_rules rules, std::uint64_t seed)
    : world_{world},
      machine_{on},
      rules_{std::move(rules)},
      life_{std::make_shared<int>(0)},
      random_{chance{seed, "ids"}.next()},
      dispatch_random_{chance{seed, "dispatch"}.next()},
      ids_{world.time, random_},
      delivery_numbers_{null_metric_registry()},
      door_numbers_{null_metric_registry(), {door_name}},
      passwords_{std::make_unique<no_passwords>()},
      tasks_{world.context.get_executor(), [&world](std::string_view task, std::string_view what) {
               world.told.violation("task " + std::string{task} + " died: " + std::string{what});
             }} {}

simulated_gateway::~simulated_gateway() {
  if (alive_) kill();
}

bool simulated_gateway::start() {
  auto doors = ingress::make_door_settings(rules_.doors, world_.time.now());
  if (!doors.settings) throw std::logic_error{doors.faults.front().reason};
  doors_ = std::make_unique<ingress::published_settings>(doors.settings);
  published_ = std::make_unique<ingress::published_policy>(rules_.compiled);
  spool::embedded::embedded_options options;
  options.thread = spool::embedded::committer_thread::none;
  options.files = &machine_.disk.files();
  options.env = &machine_.disk.env();
  auto opened = spool::embedded::open_embedded_store(rules_.spool, world_.time, machine_.log, {}, options);
  machine_.disk.wait_for_background();
  if (!opened) {
    why_ = opened.error();
    alive_ = false;
    return false;
  }
  store_ = std::move(*opened);
  watched_store_ = std::make_unique<watched_store>(*store_, world_.told, [this] { commit_soon(); });
  const auto make_adapter = [this](std::size_t, const adapters::destination_settings& settings) {
    adapters::adapter_environment environment{
        world_.context.get_executor(), machine_.network, world_.time, machine_.log,
        [this](net::http_client_config config) {
          return net::make_http_client(world_.context.get_executor(), machine_.network, world_.time, std::move(config));
        }};
    return adapters::make_adapter(settings, environment);
  };
  runner_ = std::make_unique<delivery::io_runner>(std::vector<delivery::io_runner::thread>{{world_.context, tasks_}},
                                                  make_adapter, world_.time);
  runner_->adopt(rules_.destinations);
  watched_runner_ = std::make_unique<watched_runner>(*runner_, world_.told);
  delivery::dispatcher::environment environment{
      world_.time,       dispatch_random_,          machine_.log,
      *watched_store_,   *watched_runner_,          [this](std::function<void()> work) { read(std::move(work)); },
      delivery_numbers_, [this] { woken_ = true; }, rules_.doors.node_name};
  dispatch_ = std::make_unique<delivery::dispatcher>(std::move(environment), rules_.delivery, rules_.compiled,
                                                     delivery::stream_shares{});
  admission_ = std::make_unique<ingress::admission_pipeline>(ingress::admission_services{
      world_.time, ids_, *dispatch_, *published_, *doors_, rates_, pressure_, door_numbers_, machine_.log});
  ingress::smtp::session_services services{
      world_.time, machine_.log,  *admission_,
      *passwords_, failures_,     pressure_,
      *doors_,     door_numbers_, [this](steady_point at) { return world_.timers.sleep_until(at); },
      {}};
  smtp_ =
      std::make_unique<ingress::smtp::smtp_server>(world_.context.get_executor(), std::move(services), connections_);
  auto suppressions = events::load_suppressions(*store_, 1);
  if (!suppressions) return false;
  dispatch_->adopt(std::move(*suppressions));
  dispatch_->recover();
  return true;
}

void simulated_gateway::serve(std::unique_ptr<test::memory_stream> connection) {
  smtp_->serve(door_name, std::move(connection));
}

void simulated_gateway::submit(mail::submission what, std::function<void(ingress::admission_answer)> done) {
  const auto told = [this, done = std::move(done)](ingress::admission_answer answer) {
    if (alive_) done(std::move(answer));
  };
  tasks_.spawn("submit", admit_one(*admission_, std::move(what), doors_->load(), told), async::on_stop::finish);
}

// ---- the loop ----

bool simulated_gateway::turn() {
  bool moved = false;
  if (woken_ || (world_.time.steady() >= dispatch_->next_wakeup() && world_.time.steady() > last_turn_)) {
    woken_ = false;
    last_turn_ = world_.time.steady();
    dispatch_->run();
    pressure_.set_long_line(dispatch_->long_line());
    moved = true;
  }
  if (!reads_.empty()) {
    const auto work = std::move(reads_.front());
    reads_.pop_front();
    work();
    moved = true;
  }
  if (world_.time.steady() >= next_house_) commit();
  return moved;
}

steady_point simulated_gateway::next_wakeup() const {
  const steady_point soonest = world_.time.steady() + shortest_step;
  return std::max(soonest, std::min(dispatch_->next_wakeup(), next_house_));
}

void simulated_gateway::commit_soon() {
  if (std::exchange(commit_planned_, true)) return;
  (void)world_.timers.call_at(world_.time.steady() + std::chrono::microseconds{machine_.dice.between(0, 8'000)},
                              [this, life = std::weak_ptr<int>{life_}] {
                                if (!life.expired()) commit();
                              });
}

void simulated_gateway::commit() {
  commit_planned_ = false;
  next_house_ = world_.time.steady() + house_interval;
  const bool more = store_->run_once();
  machine_.disk.wait_for_background();
  if (more) commit_soon();
}

void simulated_gateway::read(std::function<void()> work) {
  if (!alive_) return;
  if (!machine_.dice.one_in(4)) {
    reads_.push_back(std::move(work));
    return;
  }
  (void)world_.timers.call_at(world_.time.steady() + std::chrono::microseconds{machine_.dice.between(0, 4'000)},
                              [this, life = std::weak_ptr<int>{life_}, work = std::move(work)]() mutable {
                                if (!life.expired()) reads_.push_back(std::move(work));
                              });
}

// ---- the operator ----

void simulated_gateway::reload(const house_rules& rules) {
  rules_ = rules;
  published_->publish(rules_.compiled);
  runner_->adopt(rules_.destinations);
  dispatch_->adopt(rules_.compiled, {});
}

void simulated_gateway::start_draining() {
  pressure_.start_draining();
  tasks_.spawn("smtp drain", drain_door(*smtp_, world_.time.steady() + std::chrono::hours{1}), async::on_stop::finish);
  dispatch_->post([this] { dispatch_->stop_starting(); });
}

bool simulated_gateway::drained() const { return dispatch_->attempts_in_flight() == 0 && smtp_->sessions() == 0; }

// ---- the end ----

void simulated_gateway::close() {
  end_tasks();
  store_->close();
  machine_.disk.wait_for_background();
  watched_store_->stop_telling();
  watched_runner_->stop();
  alive_ = false;
  life_.reset();
  world_.told.process_ended();
  end_tasks();
}

void simulated_gateway::kill() {
  alive_ = false;
  life_.reset();
  machine_.disk.stop_now();
  world_.told.process_ended();
  if (!store_) return;
  watched_store_->stop_telling();
  watched_runner_->stop();
  world_.connections.end_all(machine_.dice);
  store_->close();
  end_tasks();
  machine_.disk.wait_for_background();
}

// Everything that runs in here comes to its end; what waited for the store was answered by closing it.
void simulated_gateway::end_tasks() {
  world_.tasks.spawn("end of the door", drain_door(*smtp_, steady_point{}), async::on_stop::finish);
  tasks_.request_stop();
  tasks_.cut();
  for (int rounds = 0;; ++rounds) {
    dispatch_->run();
    while (alive_ && store_->run_once()) {
    }
    world_.context.restart();
    std::size_t moved = world_.context.poll();
    if (moved == 0 && tasks_.size() == 0 && smtp_->sessions() == 0) return;
    // What starts another operation after the first cut is cut again by a timer of the machine.
    if (moved == 0) moved = world_.context.run_one_for(std::chrono::milliseconds{25});
    if (rounds > 1000) {
      std::string names;
      for (const std::string& name : tasks_.names()) names += name + " ";
      throw std::logic_error{"tasks that do not end: " + names + std::to_string(smtp_->sessions()) + " sessions"};
    }
  }
}

}  // namespace stellwerk::simulation
