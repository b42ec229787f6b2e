#include "gateway/delivery/io_runner.hpp"

#include <exception>
#include <utility>

#include <boost/asio/post.hpp>

namespace stellwerk::delivery {
namespace {

constexpr duration probe_timeout{std::chrono::seconds{10}};
constexpr duration lookup_timeout{std::chrono::seconds{30}};

adapters::attempt_report same_for_all(std::size_t recipients, mail::attempt_outcome what, const char* why) {
  adapters::attempt_report report;
  mail::recipient_outcome outcome;
  outcome.outcome = what;
  outcome.reply = why;
  report.recipients.assign(recipients, outcome);
  return report;
}

}  // namespace

// Everything in it is touched on its own thread only.
struct io_runner::place {
  place(thread where_in, std::size_t index_in, adapter_factory& make_in, const clock& time_in)
      : where{where_in}, index{index_in}, make{make_in}, time{time_in} {}

  // Shared with the attempts on it: a replaced adapter ends when its last attempt has.
  std::shared_ptr<adapters::adapter> at(const std::string& name) {
    if (const auto known = made.find(name); known != made.end()) return known->second;
    const auto configured = settings.find(name);
    if (configured == settings.end()) return nullptr;
    // One that could not be made (its CA file was not there) is made when it is asked for again.
    std::shared_ptr<adapters::adapter> fresh{make(index, configured->second)};
    if (fresh) made[name] = fresh;
    return fresh;
  }

  void adopt(std::vector<adapters::destination_settings> destinations) {
    std::map<std::string, adapters::destination_settings> next;
    for (auto& one : destinations) {
      std::string name = one.name;
      next.emplace(std::move(name), std::move(one));
    }
    for (auto known = made.begin(); known != made.end();) {
      const auto same = next.find(known->first);
      const auto before = settings.find(known->first);
      known = same != next.end() && before != settings.end() && same->second == before->second ? std::next(known)
                                                                                               : made.erase(known);
    }
    settings = std::move(next);
  }

  // Whatever an adapter does, who asked is told: the dispatcher's slot, its recipients and its probe are free again
  // only then. What was thrown goes on to the task group, which names it.
  async::awaitable<void> deliver(adapters::attempt what, std::function<void(adapters::attempt_report)> done) {
    const std::size_t recipients = what.recipients.size();
    std::shared_ptr<adapters::adapter> adapter;
    adapters::attempt_report report = same_for_all(recipients, mail::attempt_outcome::adapter_fault,
                                                   "the destination is not configured, or its settings cannot be used");
    std::exception_ptr failure;
    try {
      adapter = at(what.destination);
      if (adapter) report = co_await adapter->deliver(std::move(what));
    } catch (...) {
      failure = std::current_exception();
      // It broke its contract: nobody knows how far it came.
      if (adapter) report = same_for_all(recipients, mail::attempt_outcome::unknown, "the adapter failed");
    }
    done(std::move(report));
    if (failure) std::rethrow_exception(failure);
  }

  async::awaitable<void> probe(std::string destination, std::function<void(adapters::probe_report)> done) {
    std::shared_ptr<adapters::adapter> adapter;
    adapters::probe_report report;
    std::exception_ptr failure;
    try {
      adapter = at(destination);
      if (adapter) report = co_await adapter->probe(time.steady() + probe_timeout);
    } catch (...) {
      failure = std::current_exception();
    }
    done(std::move(report));
    if (failure) std::rethrow_exception(failure);
  }

  async::awaitable<void> look_up(std::string destination, std::string attempt_id, std::string recipient,
                                 std::function<void(adapters::lookup_report)> done) {
    std::shared_ptr<adapters::adapter> adapter;
    adapters::lookup_report report;
    report.answer = adapters::lookup_answer::failed;
    std::exception_ptr failure;
    try {
      adapter = at(destination);
      const steady_point deadline = time.steady() + lookup_timeout;
      if (adapter) report = co_await adapter->look_up(std::move(attempt_id), std::move(recipient), deadline);
    } catch (...) {
      failure = std::current_exception();
    }
    done(std::move(report));
    if (failure) std::rethrow_exception(failure);
  }

  thread where;
  std::size_t index;
  adapter_factory make;
  const clock& time;
  std::map<std::string, adapters::destination_settings> settings;
  std::map<std::string, std::shared_ptr<adapters::adapter>> made;
};

io_runner::io_runner(std::vector<thread> threads, adapter_factory make, const clock& time) {
  for (std::size_t i = 0; i < threads.size(); ++i)
    places_.push_back(std::make_unique<place>(threads[i], i, make, time));
}

io_runner::~io_runner() = default;

std::size_t io_runner::next_thread() { return turn_.fetch_add(1, std::memory_order_relaxed) % places_.size(); }

void io_runner::adopt(std::vector<adapters::destination_settings> destinations) {
  for (auto& one : places_) {
    boost::asio::post(one->where.context,
                      [&where = *one, destinations]() mutable { where.adopt(std::move(destinations)); });
  }
}

void io_runner::run(adapters::attempt what, std::function<void(adapters::attempt_report)> done) {
  place& one = *places_[next_thread()];
  // Finishes when asked to stop: an attempt in flight ends by its outcome, never by ours.
  boost::asio::post(one.where.context, [&one, what = std::move(what), done = std::move(done)]() mutable {
    one.where.tasks.spawn("attempt", one.deliver(std::move(what), std::move(done)), async::on_stop::finish);
  });
}

void io_runner::probe(const std::string& destination, std::function<void(adapters::probe_report)> done) {
  place& one = *places_[next_thread()];
  boost::asio::post(one.where.context, [&one, destination, done = std::move(done)]() mutable {
    one.where.tasks.spawn("probe", one.probe(destination, std::move(done)));
  });
}

void io_runner::look_up(const std::string& destination, const std::string& attempt_id, const std::string& recipient,
                        std::function<void(adapters::lookup_report)> done) {
  place& one = *places_[next_thread()];
  boost::asio::post(one.where.context, [&one, destination, attempt_id, recipient, done = std::move(done)]() mutable {
    one.where.tasks.spawn("look-up", one.look_up(destination, attempt_id, recipient, std::move(done)));
  });
}

void io_runner::let_go(const std::string& destination, duration silence) {
  for (auto& one : places_) {
    boost::asio::post(one->where.context, [&where = *one, destination, silence] {
      if (const auto known = where.made.find(destination); known != where.made.end()) known->second->let_go(silence);
    });
  }
}

void io_runner::close() {
  for (auto& one : places_) {
    boost::asio::post(one->where.context, [&where = *one] { where.made.clear(); });
  }
}

}  // namespace stellwerk::delivery
