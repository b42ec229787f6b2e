// What do a segment append and a whole message in the store cost? `commit` accepts messages of 2 KB (in the state) and
// 10 KB (in a segment), so many at a time, each with its intent, and settles them as delivered; `synced` says whether
// the disk is asked. CPU over 60 microseconds a message would be bad news; the time of a synced commit is the disk's.
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <semaphore>
#include <string>

#include <benchmark/benchmark.h>

#include "base/ids.hpp"
#include "gateway/spool/embedded/embedded_store.hpp"
#include "gateway/spool/embedded/segment_store.hpp"

namespace stellwerk::spool {
namespace {

// Removed with all it holds.
struct folder {
  folder() : path{(std::filesystem::current_path() / ("spool-bench-" + std::to_string(getpid()))).string()} {
    std::filesystem::create_directories(path);
  }
  ~folder() { std::filesystem::remove_all(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  std::string path;
};

accept_request a_message(id_generator& ids, const clock& time, const mail::content_ptr& content) {
  accept_request request;
  request.message.id = ids.next();
  request.message.client = "bench";
  request.message.tenant = "acme";
  request.message.reverse_path = "bounce+4711@mail.acme.example";
  request.message.accepted = time.now();
  request.message.size = content->size();
  request.content = content;
  recipient_row row;
  row.address = "somebody.withaname@mailbox.example";
  row.lane = 1;
  row.due = time.now();
  request.recipients.push_back(std::move(row));
  return request;
}

struct flow {
  store& target;
  std::counting_semaphore<> slots;
  std::atomic<long> failed{0};

  void start(accept_request request) {
    slots.acquire();
    request.recipients[0].state = mail::recipient_state::attempting;
    request.recipients[0].intent = attempt_intent{"a", "mta", "default", "v1", request.message.accepted};
    target.accept(std::move(request), [this](result<accept_answer> got) {
      if (got) return deliver(got->added[0]);
      failed.fetch_add(1);
      slots.release();
    });
  }

  void deliver(const recipient_row& before) {
    settle_request request;
    recipient_row after = before;
    after.state = mail::recipient_state::delivered;
    after.intent.reset();
    after.attempts.push_back({"a", "mta", "default", "v1", before.due, before.due, mail::attempt_outcome::delivered,
                              "2.0.0", "250 2.0.0 Ok: queued as 4ABC", "", ""});
    request.changes.push_back({before, std::move(after), mail::traffic_stream::transactional});
    request.urgent = false;
    target.settle(std::move(request), [this](result<void> got) {
      if (!got) failed.fetch_add(1);
      slots.release();
    });
  }
};

void commit(benchmark::State& state) {
  const folder place;
  const system_clock time;
  seeded_random random{1};
  id_generator ids{time, random};
  spool_config config;
  config.data_directory = place.path;
  config.sync = state.range(2) != 0;
  auto opened = embedded::open_embedded_store(config, time, null_logger(), {}, {});
  if (!opened) return state.SkipWithError(opened.error().message().c_str());
  const auto content = std::make_shared<const std::string>(static_cast<std::size_t>(state.range(0)), 'x');
  const std::int64_t in_flight = state.range(1);
  flow work{**opened, std::counting_semaphore<>{in_flight}};
  constexpr int batch = 500;
  for (auto _ : state) {
    for (int i = 0; i < batch; ++i) work.start(a_message(ids, time, content));
    for (std::int64_t i = 0; i < in_flight; ++i) work.slots.acquire();
    work.slots.release(in_flight);
  }
  if (work.failed != 0) state.SkipWithError("the store failed");
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(commit)
    ->ArgNames({"bytes", "in_flight", "synced"})
    ->Args({2048, 200, 0})
    ->Args({10240, 200, 0})
    ->Args({2048, 200, 1})
    ->MeasureProcessCPUTime();

void segment_append(benchmark::State& state) {
  const folder place;
  embedded::segment_store segments{embedded::posix_file_system(), null_logger(), {place.path, 64ULL << 20, false}};
  if (!segments.recover({}, 1)) return state.SkipWithError("the segments do not open");
  const system_clock time;
  seeded_random random{1};
  id_generator ids{time, random};
  const auto content = std::make_shared<const std::string>(static_cast<std::size_t>(state.range(0)), 'x');
  constexpr int batch = 100;
  for (auto _ : state) {
    std::vector<embedded::body_place> places;
    for (int i = 0; i < batch; ++i) places.push_back(segments.reserve(ids.next(), content));
    if (!segments.write_reserved()) return state.SkipWithError("the segment cannot be written");
    for (const embedded::body_place& one : places) segments.release(one);
    segments.commit_round();
  }
  state.SetBytesProcessed(state.iterations() * batch * state.range(0));
}
BENCHMARK(segment_append)->Arg(10240)->Arg(51200);

}  // namespace
}  // namespace stellwerk::spool
