// `stellwerk replay`: recorded traffic against a candidate policy (gateway/rehearsal/replay.hpp), on every core; and
// the export of what is recorded, `stellwerk facts`.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/file.hpp"
#include "gateway/cli/admin_client.hpp"
#include "gateway/cli/command.hpp"
#include "gateway/cli/load_or_report.hpp"
#include "gateway/rehearsal/replay.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;
using rehearsal::recorded_fact;
using rehearsal::replay_report;

constexpr std::size_t batch_lines = 2000;
constexpr std::size_t batches_waiting_max = 32;

// Batches of lines for several threads; each has a replay of its own.
class line_workers {
 public:
  line_workers(std::size_t count, const std::shared_ptr<const policy::policy>& candidate,
               const std::shared_ptr<const policy::policy>& against) {
    for (std::size_t i = 0; i < count; ++i) replays_.push_back(std::make_unique<rehearsal::replay>(candidate, against));
    for (auto& one : replays_) threads_.emplace_back([this, &one] { work(*one); });
  }

  void add(std::string lines) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return batches_.size() < batches_waiting_max; });
    batches_.push_back(std::move(lines));
    changed_.notify_all();
  }

  replay_report finish() {
    {
      const std::lock_guard lock{mutex_};
      ended_ = true;
    }
    changed_.notify_all();
    for (std::thread& one : threads_) one.join();
    replay_report all;
    for (const auto& one : replays_) all.merge(one->report());
    return all;
  }

 private:
  void work(rehearsal::replay& mine) {
    for (;;) {
      std::string batch;
      {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return !batches_.empty() || ended_; });
        if (batches_.empty()) return;
        batch = std::move(batches_.front());
        batches_.pop_front();
      }
      changed_.notify_all();
      for (std::string_view rest = batch; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        mine.add_line(line);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> batches_;
  bool ended_ = false;
  std::vector<std::unique_ptr<rehearsal::replay>> replays_;
  std::vector<std::thread> threads_;
};

// False: it cannot be read.
bool feed_file(const std::string& path, line_workers& workers) {
  std::string batch;
  std::size_t lines = 0;
  const bool read = read_lines(path, [&](std::string_view line) {
    batch += line;
    batch += '\n';
    if (++lines % batch_lines == 0) workers.add(std::exchange(batch, {}));
  });
  if (!batch.empty()) workers.add(std::move(batch));
  return read;
}

void print_changes(const json::object& report, std::string_view key, std::string_view what) {
  for (const json::value& one : report.at(key).as_array()) {
    const json::object& row = one.as_object();
    const auto name = [&row](std::string_view part) {
      const std::string text{row.at(part).as_string()};
      return text.empty() ? std::string{"(none)"} : text;
    };
    std::cout << fmt::format("  {} {} -> {}: {}\n", what, name("before"), name("after"),
                             row.at("count").to_number<std::uint64_t>());
  }
}

void print_counts(const json::object& report, std::string_view key, std::string_view what) {
  for (const auto& [name, value] : report.at(key).as_object())
    std::cout << "  " << what << " " << std::string_view{name} << ": " << json::serialize(value) << "\n";
}

void print(const std::string& text, output format) {
  if (format == output::json) {
    std::cout << text << "\n";
    return;
  }
  const json::object report = json::parse(text).as_object();
  std::cout << json::serialize(report.at("facts")) << " facts, " << json::serialize(report.at("unreadable"))
            << " unreadable; another destination for " << json::serialize(report.at("changed_destination"))
            << ", another route for " << json::serialize(report.at("changed_route")) << "\n";
  print_changes(report, "destinations", "destination");
  print_changes(report, "routes", "route");
  print_counts(report, "actions", "action");
  print_counts(report, "cost_before", "cost before,");
  print_counts(report, "cost_after", "cost after,");
  print_counts(report, "invariants_broken_before", "taken before though forbidden by");
  print_counts(report, "invariants_broken_after", "taken after though forbidden before by");
  for (const json::value& one : report.at("reads_what_is_not_recorded").as_array()) {
    std::cout << "  not recorded, read as empty by: " << std::string_view{one.as_string()} << "\n";
  }
}

int ask_gateway(const replay_arguments& arguments) {
  const auto text = read_file(arguments.policy);
  if (!text) {
    std::cerr << "stellwerk: " << arguments.policy << ": cannot be read\n";
    return 1;
  }
  const auto body =
      call_admin(arguments.admin, "PolicyService/ReplayTraffic",
                 json::serialize(json::object{{"policy", *text}, {"limit", std::to_string(arguments.limit)}}));
  if (!body) return 1;
  print(json::serialize(json::parse(*body).as_object().at("report")), arguments.format);
  return 0;
}

}  // namespace

int replay(const replay_arguments& arguments, const config::load_environment& environment,
           const history_reader& history) {
  if (arguments.config.empty()) return ask_gateway(arguments);
  const auto settings = load_or_report(arguments.config, environment);
  if (!settings) return 1;
  std::shared_ptr<const policy::policy> against;
  if (!arguments.against.empty()) {
    const auto other = load_or_report(arguments.against, environment);
    if (!other) return 1;
    against = other->policy;
  }
  line_workers workers{std::max(1U, std::thread::hardware_concurrency()), settings->policy, against};
  std::string fault;
  if (!arguments.data_directory.empty()) {
    std::string batch;
    std::size_t lines = 0;
    fault = history(arguments.data_directory, [&](const spool::message_row& message, const spool::recipient_row& row) {
      batch += to_json_line(rehearsal::record_of(message, row)) + "\n";
      if (++lines % batch_lines == 0) workers.add(std::exchange(batch, {}));
    });
    workers.add(std::move(batch));
  } else if (!feed_file(arguments.facts, workers)) {
    fault = arguments.facts + ": cannot be read";
  }
  const replay_report report = workers.finish();
  if (!fault.empty()) {
    std::cerr << "stellwerk: " << fault << "\n";
    return 1;
  }
  print(rehearsal::to_json(report, *settings->policy, against.get()), arguments.format);
  return report.unreadable == 0 ? 0 : 1;
}

int facts(const std::string& data_directory, const history_reader& history) {
  const std::string fault =
      history(data_directory, [](const spool::message_row& message, const spool::recipient_row& row) {
        std::cout << to_json_line(rehearsal::record_of(message, row)) << '\n';
      });
  if (fault.empty()) return 0;
  std::cerr << "stellwerk: " << fault << "\n";
  return 1;
}

}  // namespace stellwerk::cli
