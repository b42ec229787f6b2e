#include "adapters/smtp/smtp_adapter.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "adapters/smtp/classify.hpp"

namespace stellwerk::adapters::smtp {

using mail::attempt_outcome;

// One attempt on its way: the recipients that still need a transaction, and what became of the others.
struct smtp_adapter::delivery_run {
  explicit delivery_run(const attempt& what_in) : what{what_in}, open(what_in.recipients.size()) {
    std::iota(open.begin(), open.end(), std::size_t{0});
    report.recipients.resize(open.size());
  }

  void settle_open(const mail::recipient_outcome& outcome) {
    for (const std::size_t at : open) report.recipients[at] = outcome;
    open.clear();
  }

  // Takes over the fates of the first `count` open recipients. Those the peer had no room for stay open, at the front,
  // if the session can go on.
  void settle_transaction(const transaction_dialog& dialog, std::size_t count, const std::string& host) {
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < count; ++i) {
      const transaction_dialog::fate& fate = dialog.fates()[i];
      if (fate.at == transaction_dialog::progress::again && dialog.reusable()) {
        left.push_back(open[i]);
      } else {
        report.recipients[open[i]] = fate.outcome;
        report.recipients[open[i]].remote_host = host;
      }
    }
    left.insert(left.end(), open.begin() + static_cast<std::ptrdiff_t>(count), open.end());
    open = std::move(left);
  }

  const attempt& what;
  opening_bounds bounds;
  std::vector<std::size_t> open;  // positions in what.recipients
  attempt_report report;
  std::optional<steady_point> first_reply_at;
};

namespace {

// Listed for as long as it lives.
class conversation {
 public:
  conversation(std::vector<smtp_connection*>& all, smtp_connection& one) : all_{all}, one_{&one} {
    all_.push_back(one_);
  }
  ~conversation() { std::erase(all_, one_); }
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;

 private:
  std::vector<smtp_connection*>& all_;
  smtp_connection* one_;
};

}  // namespace

smtp_adapter::smtp_adapter(std::string destination, smtp_settings settings, net::connector& connector,
                           std::shared_ptr<const net::tls_context> tls, const clock& time, logger& log)
    : destination_{std::move(destination)}, settings_{std::move(settings)}, clock_{time}, pool_{destination_,
                                                                                                settings_,
                                                                                                connector,
                                                                                                std::move(tls),
                                                                                                time,
                                                                                                log} {}

async::awaitable<attempt_report> smtp_adapter::deliver(attempt what) {
  const steady_point start = clock_.steady();
  delivery_run run{what};
  run.bounds.deadline = what.deadline;
  if (what.first_word_max > duration{0}) run.bounds.first_word = start + what.first_word_max;
  run.bounds.first_word_each = what.first_word_each;
  if (!what.content || what.sandbox) {
    mail::recipient_outcome nothing_to_send;
    nothing_to_send.reply =
        what.sandbox ? "SMTP has no sandbox: the copy would be delivered" : "the attempt has no content";
    run.settle_open(nothing_to_send);
  }
  while (!run.open.empty()) co_await run_transaction(run);
  if (run.first_reply_at) run.report.first_reply = std::chrono::duration_cast<duration>(*run.first_reply_at - start);
  co_return std::move(run.report);
}

async::awaitable<void> smtp_adapter::run_transaction(delivery_run& run) {
  const std::size_t count = std::min<std::size_t>(run.open.size(), std::max(1U, settings_.recipients_max));
  for (freshness wanted = freshness::any;; wanted = freshness::fresh) {
    pool_lease lease = co_await pool_.acquire(wanted, run.bounds);
    if (!lease.connection) {
      run.settle_open(lease.failure);
      co_return;
    }
    smtp_connection& connection = *lease.connection;
    transaction_dialog dialog{run.what, std::span{run.open}.first(count), connection.features()};
    // What an idle connection does not use of the time for the first word is left for a fresh one.
    const steady_point first_word = share_of_first_word(run.bounds, clock_.steady(), settings_.hosts.size() + 1);
    {
      const conversation listed{talking_, connection};
      co_await connection.transact(dialog, run.what, first_word);
    }
    // An idle connection that died unnoticed: MAIL was never answered, so certainly nothing was sent.
    if (lease.reused && dialog.untouched() && !dialog.reusable()) continue;
    if (!run.first_reply_at) run.first_reply_at = connection.first_reply_at();
    run.report.first_word = std::max(run.report.first_word, connection.slowest_first_word());
    run.bounds.first_word = {};  // somebody spoke: whatever follows has the time of its command
    run.report.host = connection.peer();
    run.settle_transaction(dialog, count, connection.host_name());
    if (dialog.reusable()) co_await pool_.give_back(std::move(lease.connection));
    co_return;
  }
}

async::awaitable<probe_report> smtp_adapter::probe(steady_point deadline) {
  probe_report report;
  opening_bounds bounds;
  bounds.deadline = deadline;
  pool_lease lease = co_await pool_.acquire(freshness::fresh, bounds);
  report.healthy = lease.connection != nullptr;
  report.outcome = std::move(lease.failure);
  if (!lease.connection) co_return report;
  report.first_word = lease.connection->slowest_first_word();
  co_await lease.connection->quit();
  co_return report;
}

void smtp_adapter::let_go(duration silence) {
  for (smtp_connection* one : talking_) one->let_go(silence);
}

async::awaitable<lookup_report> smtp_adapter::look_up(std::string, std::string, steady_point) {
  co_return lookup_report{};
}

}  // namespace stellwerk::adapters::smtp
