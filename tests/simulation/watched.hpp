// Watchers at the two seams of the dispatcher: what it asks of the store and of the runner passes through unchanged and
// is told to the truth. Reads and commits are handed to the loop, which decides when they happen.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/delivery/runner.hpp"
#include "gateway/spool/spool.hpp"
#include "tests/simulation/truth.hpp"

namespace stellwerk::simulation {

// What a message of the gateway's own is about; nothing for any other message.
[[nodiscard]] std::optional<notice_record> notice_in(const spool::message_row& row, const std::string& to,
                                                     std::string_view content);

class watched_store final : public spool::store {
 public:
  // `pushed`: something waits for the committer.
  watched_store(spool::store& real, truth& told, std::function<void()> pushed)
      : real_{real}, told_{told}, pushed_{std::move(pushed)} {}

  void stop_telling() { telling_ = false; }  // the process is dying: nobody sees what it does now

  void accept(spool::accept_request request, spool::accept_completion done) override;
  void settle(spool::settle_request request, spool::settle_completion done) override;
  result<spool::loaded_message> load_message(const queue_id& id) override { return real_.load_message(id); }
  result<spool::message_row> load_message_row(const queue_id& id) override { return real_.load_message_row(id); }
  result<std::vector<spool::recipient_row>> load_recipients(const queue_id& id) override {
    return real_.load_recipients(id);
  }
  result<spool::recipient_row> load_recipient(const spool::recipient_key& key) override {
    return real_.load_recipient(key);
  }
  result<std::vector<spool::due_entry>> scan_lane(spool::lane_id lane, const spool::due_entry& from,
                                                  std::size_t limit) override {
    return real_.scan_lane(lane, from, limit);
  }
  result<std::vector<spool::listed_recipient>> list(const spool::message_filter& filter) override {
    return real_.list(filter);
  }
  result<std::vector<spool::ledger_row>> read_ledger(std::uint64_t after, std::string_view tenant,
                                                     std::size_t limit) override {
    return real_.read_ledger(after, tenant, limit);
  }
  result<std::optional<std::string>> load_note(std::string_view name) override { return real_.load_note(name); }
  result<std::vector<spool::suppression_row>> list_suppressions(const spool::suppression_filter& filter) override {
    return real_.list_suppressions(filter);
  }
  std::vector<spool::lane_row> lanes() const override { return real_.lanes(); }
  result<std::vector<spool::recipient_row>> open_intents() override { return real_.open_intents(); }
  std::uint64_t count(mail::traffic_stream stream, mail::recipient_state state) const override {
    return real_.count(stream, state);
  }
  std::map<spool::lane_id, std::uint64_t> in_line() const override { return real_.in_line(); }
  std::uint64_t tied_to(std::string_view destination) const override { return real_.tied_to(destination); }
  std::vector<spool::usage_row> usage() const override { return real_.usage(); }
  spool::store_health health() const override { return real_.health(); }
  std::uint64_t last_ledger_sequence() const override { return real_.last_ledger_sequence(); }
  void close() override { real_.close(); }

 private:
  void tell_settled(const spool::settle_request& request);
  void tell_made(const spool::accept_request& made);

  spool::store& real_;
  truth& told_;
  std::function<void()> pushed_;
  bool telling_ = true;
};

class watched_runner final : public delivery::runner {
 public:
  watched_runner(delivery::runner& real, truth& told) : real_{real}, told_{told} {}

  void stop() { running_ = false; }  // the process is dying: nothing starts any more

  void run(adapters::attempt what, std::function<void(adapters::attempt_report)> done) override;
  void probe(const std::string& destination, std::function<void(adapters::probe_report)> done) override;
  void look_up(const std::string& destination, const std::string& attempt_id, const std::string& recipient,
               std::function<void(adapters::lookup_report)> done) override;
  void let_go(const std::string& destination, duration silence) override;

 private:
  delivery::runner& real_;
  truth& told_;
  bool running_ = true;
};

}  // namespace stellwerk::simulation
