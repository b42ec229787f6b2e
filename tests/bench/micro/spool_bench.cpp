// How fast does the store accept and settle, and what does a restart with a long queue cost?
//
// spool_bench DIRECTORY [flow MESSAGES BODY_BYTES IN_FLIGHT | queue RECIPIENTS | idle]
//   flow   accept, intent and delivery of each message, IN_FLIGHT at a time: messages per second, CPU, bytes written
//   queue  fills a queue, closes, opens it again: time to open, time to the first lane page, resident memory
//   idle   opens an empty store: resident memory
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <semaphore>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "gateway/spool/embedded/embedded_store.hpp"

namespace stellwerk::spool {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& at) {
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long value_of(const char* file, const std::string& key) {
  std::ifstream in{file};
  std::string name;
  long value = 0;
  while (in >> name) {
    if (name == key && in >> value) return value;
  }
  return 0;
}

std::unique_ptr<embedded::embedded_store> open_store(const std::string& directory, const clock& time) {
  spool_config config;
  config.data_directory = directory;
  auto opened = embedded::open_embedded_store(config, time, null_logger(), {}, {});
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message().c_str());
    std::exit(3);
  }
  return std::move(*opened);
}

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

// One message after the other on its way: accepted with its intent, then delivered.
struct flow {
  store& target;
  std::counting_semaphore<> slots;
  std::atomic<long> done{0};
  std::atomic<long> failed{0};

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
      (got ? done : failed).fetch_add(1);
      slots.release();
    });
  }
};

int run_flow(const std::string& directory, long messages, std::size_t body, long in_flight) {
  const system_clock time;
  seeded_random random{1};
  id_generator ids{time, random};
  auto store = open_store(directory, time);
  flow work{*store, std::counting_semaphore<>{in_flight}};
  const auto content = std::make_shared<const std::string>(body, 'x');
  const long written_before = value_of("/proc/self/io", "write_bytes:");
  const double begun = seconds_now();
  const double cpu_begun = cpu_seconds();
  for (long i = 0; i < messages; ++i) {
    work.slots.acquire();
    accept_request request = a_message(ids, time, content);
    request.recipients[0].state = mail::recipient_state::attempting;
    request.recipients[0].intent = attempt_intent{"a", "mta", "default", "v1", time.now()};
    store->accept(std::move(request), [&work](result<accept_answer> got) {
      if (got) return work.deliver(got->added[0]);
      work.failed.fetch_add(1);
      work.slots.release();
    });
  }
  for (long i = 0; i < in_flight; ++i) work.slots.acquire();
  const double took = seconds_now() - begun;
  const double cpu = cpu_seconds() - cpu_begun;
  std::printf(
      "flow: %ld messages of %zu bytes, %ld in flight: %.0f/s, %.1f us CPU each, %ld bytes written each, %ld failed, "
      "%ld kB resident\n",
      work.done.load(), body, in_flight, static_cast<double>(messages) / took,
      cpu * 1e6 / static_cast<double>(messages),
      (value_of("/proc/self/io", "write_bytes:") - written_before) / messages, work.failed.load(),
      value_of("/proc/self/status", "VmRSS:"));
  return 0;
}

int run_queue(const std::string& directory, long recipients) {
  const system_clock time;
  seeded_random random{1};
  id_generator ids{time, random};
  const auto content = std::make_shared<const std::string>(2000, 'x');
  {
    auto store = open_store(directory, time);
    std::counting_semaphore<> slots{1000};
    const double begun = seconds_now();
    for (long i = 0; i < recipients; ++i) {
      slots.acquire();
      store->accept(a_message(ids, time, content), [&slots](result<accept_answer>) { slots.release(); });
    }
    for (int i = 0; i < 1000; ++i) slots.acquire();
    std::printf("queue: filled with %ld at %.0f/s, %ld kB resident\n", recipients,
                static_cast<double>(recipients) / (seconds_now() - begun), value_of("/proc/self/status", "VmRSS:"));
  }
  const double begun = seconds_now();
  auto store = open_store(directory, time);
  const double opened = seconds_now();
  const auto page = store->scan_lane(1, {}, 2000);
  const double scanned = seconds_now();
  std::printf(
      "queue: opened in %.0f ms, first page of %zu in %.1f ms, count %llu, %ld kB resident\n", (opened - begun) * 1e3,
      page ? page->size() : 0, (scanned - opened) * 1e3,
      static_cast<unsigned long long>(store->count(mail::traffic_stream::transactional, mail::recipient_state::ready)),
      value_of("/proc/self/status", "VmRSS:"));
  return 0;
}

int run_idle(const std::string& directory) {
  const system_clock time;
  auto store = open_store(directory, time);
  std::printf("idle: %ld kB resident\n", value_of("/proc/self/status", "VmRSS:"));
  return 0;
}

}  // namespace
}  // namespace stellwerk::spool

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + count);
  if (count == 6 && words[2] == "flow")
    return stellwerk::spool::run_flow(words[1], std::stol(words[3]), std::stoul(words[4]), std::stol(words[5]));
  if (count == 4 && words[2] == "queue") return stellwerk::spool::run_queue(words[1], std::stol(words[3]));
  if (count == 3 && words[2] == "idle") return stellwerk::spool::run_idle(words[1]);
  std::fprintf(stderr, "usage: spool_bench DIRECTORY [flow MESSAGES BODY_BYTES IN_FLIGHT | queue RECIPIENTS | idle]\n");
  return 2;
}
