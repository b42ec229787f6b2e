// What does a lane cost per entry: put and taken while everything fits, and taken with the window refilled from behind?
// It runs on the dispatch thread; more than a microsecond an entry would be bad news.
#include <vector>

#include <benchmark/benchmark.h>

#include "gateway/delivery/lane_table.hpp"

namespace stellwerk::delivery {
namespace {

constexpr std::size_t window = 2000;

std::vector<spool::due_entry> entries(std::size_t count) {
  std::vector<spool::due_entry> made(count);
  for (std::size_t i = 0; i < count; ++i) {
    made[i].due = time_point{std::chrono::milliseconds{static_cast<long long>(i)}};
    made[i].key.message.bytes[14] = static_cast<std::uint8_t>(i >> 8U);
    made[i].key.message.bytes[15] = static_cast<std::uint8_t>(i & 0xffU);
  }
  return made;
}

void put_and_take(benchmark::State& state) {
  const auto all = entries(window);
  const time_point now{std::chrono::hours{1}};
  for (auto _ : state) {
    lane one{spool::lane_row{}, window, true};
    for (const spool::due_entry& entry : all) benchmark::DoNotOptimize(one.put({entry, nullptr}));
    while (auto taken = one.take_due(now)) benchmark::DoNotOptimize(taken);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(window));
}
BENCHMARK(put_and_take);

void refill_and_take(benchmark::State& state) {
  const auto all = entries(window);
  const time_point now{std::chrono::hours{1}};
  const auto none_leased = [](const spool::recipient_key&) { return false; };
  for (auto _ : state) {
    lane one{spool::lane_row{}, window, false};
    one.refill_started();
    one.refill(all, window, none_leased);
    while (auto taken = one.take_due(now)) benchmark::DoNotOptimize(taken);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(window));
}
BENCHMARK(refill_and_take);

// So many tenants, of which each tenth has mail that is due.
void lanes_in_turn(benchmark::State& state) {
  lane_table table{window};
  const auto due = entries(1).front();
  for (int tenant = 0; tenant < state.range(0); ++tenant) {
    const auto made =
        table.intern(mail::traffic_stream::marketing, "tenant-" + std::to_string(tenant), {"onprem", "mailjet"}, false);
    if (tenant % 10 == 0) table.at(made.id).put({due, nullptr});
  }
  const time_point now{std::chrono::hours{1}};
  for (auto _ : state) benchmark::DoNotOptimize(table.in_turn(mail::traffic_stream::marketing, now));
}
BENCHMARK(lanes_in_turn)->Arg(10)->Arg(1000)->Arg(10000);

}  // namespace
}  // namespace stellwerk::delivery
