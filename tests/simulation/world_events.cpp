// What happens in a run, and when: letters, weather at the sinks, faults of the disk, the operator.
#include <boost/system/errc.hpp>

#include "tests/simulation/world_state.hpp"

namespace stellwerk::simulation {
namespace {

using namespace std::chrono_literals;

}  // namespace

void world_state::at(std::chrono::milliseconds when, std::function<void()> what) {
  (void)timers_.call_at(begin_ + when, [this, what = std::move(what)] {
    if (!healed_) what();
  });
}

// ---- letters ----

void world_state::plan_letters() {
  active_ = dice_.between_ms(20'000, 90'000);
  const int count = static_cast<int>(dice_.between(5, 20));
  chance pen{seed_, "letters"};
  for (int i = 0; i < count; ++i) {
    letter next = write_letter(i, pen);
    const auto when = std::chrono::milliseconds{pen.between(0, static_cast<std::uint64_t>(active_.count()) * 3 / 4)};
    at(when, [this, next = std::move(next)] { send(next); });
  }
}

void world_state::send(letter what) {
  if (!what.smuggles && dice_.one_in(3)) {
    auto client = std::make_shared<rpc_client>(outer_, doors_, std::move(what), seed_);
    tasks_.spawn("rpc client", rpc_client::run(std::move(client)));
    return;
  }
  // A local MTA may split a message into transactions: same key, same content, other recipients.
  if (!what.key.empty() && what.recipients.size() > 1 && dice_.one_in(2)) {
    letter rest = what;
    rest.recipients.erase(rest.recipients.begin());
    what.recipients.resize(1);
    send_by_smtp(std::move(rest));
  }
  send_by_smtp(std::move(what));
}

void world_state::send_by_smtp(letter what) {
  auto client = std::make_unique<smtp_client>(outer_, doors_, std::move(what), seed_);
  tasks_.spawn("smtp client", smtp_client::run(std::move(client)));
}

// ---- weather ----

void world_state::open_network() {
  network_.listen("home.example", 25,
                  [this](std::unique_ptr<test::memory_stream> end) { home_.serve(std::move(end)); });
  network_.listen("spare.example", 25,
                  [this](std::unique_ptr<test::memory_stream> end) { spare_.serve(std::move(end)); });
  network_.listen("api.example", 80,
                  [this](std::unique_ptr<test::memory_stream> end) { vendor_.serve(std::move(end)); });
}

void world_state::plan_weather() {
  if (dice_.one_in(8)) return;  // a fine day
  for (auto when = 0ms; when < active_; when += dice_.between_ms(2'000, 20'000)) at(when, [this] { change_weather(); });
}

void world_state::change_weather() {
  open_network();
  home_.set_trouble(dice_.one_in(3) ? 0 : dice_.between(1, 40));
  spare_.set_trouble(dice_.one_in(3) ? 0 : dice_.between(1, 40));
  vendor_.set_trouble(dice_.one_in(3) ? 0 : dice_.between(1, 60));
  const error refused{boost::system::errc::make_error_code(boost::system::errc::connection_refused), "net.connect"};
  const auto close = [&](const char* host, std::uint16_t port) {
    dice_.one_in(3) ? network_.stall(host, port) : network_.fail(host, port, refused);
  };
  if (dice_.one_in(6)) close("home.example", 25);
  if (dice_.one_in(8)) close("spare.example", 25);
  if (dice_.one_in(8)) close("api.example", 80);
}

// ---- the disk and the process ----

void world_state::plan_disk() {
  const std::uint64_t events = dice_.between(0, 3);
  for (std::uint64_t i = 0; i < events; ++i) {
    at(std::chrono::milliseconds{dice_.between(0, static_cast<std::uint64_t>(active_.count()))},
       [this] { disk_event(); });
  }
}

void world_state::disk_event() {
  if (!gateway_ || power_will_fail_) return;
  using fault = spool::simulated_disk::fault;
  switch (dice_.between(0, 7)) {
    case 0:
    case 1: return gateway_died(false);
    case 2: return gateway_died(true);
    case 3:
    case 4:
      story_.note("the power will fail");
      power_will_fail_ = true;
      return disk_.lose_power_at(disk_.operations() + dice_.between(1, 25));
    case 5:
      story_.note("an operation of the disk will fail");
      return disk_.fail_at(disk_.operations() + dice_.between(1, 15), fault::io_error);
    case 6:
      story_.note("a sync of the disk will fail");
      disk_.fail_every(spool::simulated_disk::change::sync, true);
      return at(std::chrono::duration_cast<std::chrono::milliseconds>(time_.steady() - begin_) + 3s,
                [this] { disk_.fail_every(spool::simulated_disk::change::sync, false); });
    default:
      story_.note("the disk is full");
      disk_is_full_ = true;
      disk_.set_capacity(disk_.bytes_used() + dice_.between(0, 2'000));
      return at(std::chrono::duration_cast<std::chrono::milliseconds>(time_.steady() - begin_) +
                    dice_.between_ms(500, 15'000),
                [this] {
                  disk_.set_capacity(~0ULL);
                  disk_is_full_ = false;
                });
  }
}

// ---- the operator ----

void world_state::plan_operator() {
  const std::uint64_t events = dice_.between(0, 5);
  for (std::uint64_t i = 0; i < events; ++i) {
    at(std::chrono::milliseconds{dice_.between(0, static_cast<std::uint64_t>(active_.count()))},
       [this] { operator_event(); });
  }
}

void world_state::operator_event() {
  if (!gateway_) return;
  static constexpr const char* names[] = {home_mta, spare_mta, vendor};
  const std::string name = names[dice_.between(0, 2)];
  delivery::dispatcher& dispatch = gateway_->dispatch();
  switch (dice_.between(0, 7)) {
    case 7: {
      const auto by = dice_.between_ms(0, 600'000) - std::chrono::minutes{5};
      story_.note("the wall clock jumps by " + std::to_string(by.count()));
      return time_.jump(by);
    }
    case 0:
      story_.note("operator drains " + name);
      return dispatch.post([&dispatch, name] { dispatch.destinations().drain(name, "operator"); });
    case 1:
      story_.note("operator suspends " + name);
      return dispatch.post([&dispatch, name] { dispatch.destinations().suspend(name, 10s, "operator"); });
    case 2:
      story_.note("operator resumes " + name);
      return dispatch.post([&dispatch, name] { dispatch.destinations().resume(name); });
    case 3:
      story_.note("operator reloads the policy");
      draw_routes(rules_, dice_);
      told_.copies_allowed = told_.copies_allowed || rules_.copies_allowed;
      return gateway_->reload(rules_);
    case 4:
      if (draining_) return;
      story_.note("operator stops the process");
      draining_ = true;
      drain_until_ = time_.steady() + 5s;
      return gateway_->start_draining();
    default: return operate_on_somebody();
  }
}

void world_state::operate_on_somebody() {
  if (told_.rows().empty()) return;
  auto row = told_.rows().begin();
  std::advance(row, static_cast<long>(dice_.between(0, told_.rows().size() - 1)));
  const queue_id id = row->first.first;
  static constexpr delivery::operation all[] = {delivery::operation::cancel, delivery::operation::retry_now,
                                                delivery::operation::hold,   delivery::operation::release,
                                                delivery::operation::bounce, delivery::operation::reroute};
  const delivery::operation what = all[dice_.between(0, 5)];
  static constexpr const char* names[] = {home_mta, spare_mta, vendor};
  const std::string to = what == delivery::operation::reroute ? names[dice_.between(0, 2)] : "";
  story_.note("operator does " + std::to_string(static_cast<int>(what)) + " to " + id.to_string() + " " + to);
  if (what == delivery::operation::bounce) told_.operator_bounced(id);
  gateway_->dispatch().operate({what, delivery::authority::operators, id, {}, "operator", to}, [](const auto&) {});
}

}  // namespace stellwerk::simulation
