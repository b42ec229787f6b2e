// memory_store: the spool's contract without a disk, for scenarios of hours and hundreds of thousands of messages.
// Writes complete at turn(), in order, as a committer's would; what was not turned when the process "dies" was never
// written.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/spool/embedded/row_codec.hpp"
#include "gateway/spool/spool.hpp"

namespace stellwerk::delivery {

class memory_store final : public spool::store {
 public:
  void accept(spool::accept_request request, spool::accept_completion done) override {
    writes_.push_back([this, request = std::move(request), done = std::move(done)]() mutable {
      spool::accept_answer answer{make_accepted(request.message.id, false), request.recipients};
      write(std::move(request));
      done(std::move(answer));
    });
  }

  void settle(spool::settle_request request, spool::settle_completion done) override {
    writes_.push_back([this, request = std::move(request), done = std::move(done)]() mutable {
      for (const spool::lane_row& row : request.new_lanes) lanes_[row.id] = row;
      for (const spool::usage_row& row : request.usage) usage_[row.name] = row;
      for (spool::recipient_change& one : request.changes) put(std::move(one.after));
      for (spool::accept_request& one : request.accepts) write(std::move(one));
      for (spool::suppression_change& one : request.suppressions) {
        const std::string key = spool::suppression_key(one.row);
        suppressions_.erase(key);
        if (!one.is_removal) suppressions_.emplace(key, std::move(one.row));
      }
      done({});
    });
  }

  // Carries out what was asked for until now; false: nothing was.
  bool turn() {
    if (writes_.empty()) return false;
    std::deque<std::function<void()>> batch;
    batch.swap(writes_);
    for (auto& write : batch) write();
    return true;
  }

  // The process died: what was not written yet never will be.
  void lose_unwritten() { writes_.clear(); }

  // Everything that is open as bytes and back, as a start finds it on the disk; false: something could not be read.
  [[nodiscard]] bool reread() {
    namespace bytes = spool::embedded;
    for (const auto& key : open_) {
      kept& message = messages_.at(key.message);
      const auto recipient = bytes::decode_recipient(key, bytes::encode(rows_.at(key), message.row.stream));
      const auto whole = bytes::decode_message(key.message, bytes::encode(message.row, {}));
      if (!recipient || !whole) return false;
      rows_.at(key) = recipient->row;
      message.row = whole->row;
    }
    for (auto& [id, row] : lanes_) {
      const auto lane = bytes::decode_lane(id, bytes::encode(row));
      if (!lane) return false;
      row = *lane;
    }
    for (auto& [name, row] : usage_) {
      const auto usage = bytes::decode_usage(name, bytes::encode(row));
      if (!usage) return false;
      row = *usage;
    }
    return true;
  }

  [[nodiscard]] result<spool::loaded_message> load_message(const queue_id& id) override {
    ++loads;
    if (reads_fail) return *reads_fail;
    const auto known = messages_.find(id);
    if (known == messages_.end()) return error{errc::not_found, "memory.load"};
    return spool::loaded_message{known->second.row, known->second.content};
  }
  [[nodiscard]] result<spool::message_row> load_message_row(const queue_id& id) override {
    if (rows_fail) return *rows_fail;
    const auto known = messages_.find(id);
    if (known == messages_.end()) return error{errc::not_found, "memory.load"};
    return known->second.row;
  }
  [[nodiscard]] result<std::vector<spool::recipient_row>> load_recipients(const queue_id& id) override {
    std::vector<spool::recipient_row> out;
    for (auto at = rows_.lower_bound({id, 0}); at != rows_.end() && at->first.message == id; ++at)
      out.push_back(at->second);
    if (out.empty()) return error{errc::not_found, "memory.load"};
    return out;
  }
  [[nodiscard]] result<spool::recipient_row> load_recipient(const spool::recipient_key& key) override {
    const auto known = rows_.find(key);
    if (known == rows_.end()) return error{errc::not_found, "memory.load"};
    return known->second;
  }
  [[nodiscard]] result<std::vector<spool::due_entry>> scan_lane(spool::lane_id lane, const spool::due_entry& from,
                                                                std::size_t limit) override {
    ++scans;
    if (reads_fail) return *reads_fail;
    std::vector<spool::due_entry> out;
    const auto& entries = due_[lane];
    for (auto at = entries.lower_bound(from); at != entries.end() && out.size() < limit; ++at) out.push_back(*at);
    return out;
  }
  [[nodiscard]] result<std::vector<spool::listed_recipient>> list(const spool::message_filter& filter) override {
    std::vector<spool::listed_recipient> out;
    for (const auto& key : open_) {
      const spool::recipient_row& row = rows_.at(key);
      if (filter.state && row.state != *filter.state) continue;
      if (filter.after && key.message <= *filter.after) continue;
      out.push_back({messages_.at(key.message).row, row});
      if (out.size() == filter.limit) break;
    }
    return out;
  }
  [[nodiscard]] result<std::vector<spool::ledger_row>> read_ledger(std::uint64_t, std::string_view,
                                                                   std::size_t) override {
    return std::vector<spool::ledger_row>{};
  }
  [[nodiscard]] result<std::optional<std::string>> load_note(std::string_view) override {
    return std::optional<std::string>{};
  }
  [[nodiscard]] result<std::vector<spool::suppression_row>> list_suppressions(
      const spool::suppression_filter& filter) override {
    std::vector<spool::suppression_row> out;
    for (auto at = suppressions_.upper_bound(filter.after); at != suppressions_.end(); ++at) {
      if (out.size() < filter.limit) out.push_back(at->second);
    }
    return out;
  }
  [[nodiscard]] std::vector<spool::lane_row> lanes() const override {
    std::vector<spool::lane_row> out;
    for (const auto& [id, row] : lanes_) out.push_back(row);
    return out;
  }
  [[nodiscard]] result<std::vector<spool::recipient_row>> open_intents() override {
    if (reads_fail) return *reads_fail;
    std::vector<spool::recipient_row> out;
    for (const auto& key : open_) {
      if (rows_.at(key).intent) out.push_back(rows_.at(key));
    }
    return out;
  }
  [[nodiscard]] std::uint64_t count(mail::traffic_stream stream, mail::recipient_state state) const override {
    const auto known = counts_.find({stream, state});
    return known == counts_.end() ? 0 : known->second;
  }
  [[nodiscard]] std::map<spool::lane_id, std::uint64_t> in_line() const override {
    std::map<spool::lane_id, std::uint64_t> out;
    for (const auto& key : open_) {
      const spool::recipient_row& row = rows_.at(key);
      if (spool::stands_in_line(row.state)) ++out[row.lane];
    }
    return out;
  }
  [[nodiscard]] std::uint64_t tied_to(std::string_view destination) const override {
    std::uint64_t count = 0;
    for (const auto& key : open_) count += rows_.at(key).pinned_destination == destination ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::vector<spool::usage_row> usage() const override {
    std::vector<spool::usage_row> out;
    for (const auto& [name, row] : usage_) out.push_back(row);
    return out;
  }
  [[nodiscard]] spool::store_health health() const override { return {}; }
  [[nodiscard]] std::uint64_t last_ledger_sequence() const override { return 0; }
  void close() override {
    while (turn()) {
    }
  }

  [[nodiscard]] std::uint64_t in_state(mail::recipient_state state) const {
    return count(mail::traffic_stream::transactional, state) + count(mail::traffic_stream::marketing, state);
  }
  [[nodiscard]] std::size_t open_recipients() const { return open_.size(); }
  [[nodiscard]] std::vector<queue_id> open_messages() const {
    std::vector<queue_id> out;
    for (const auto& key : open_) {
      if (out.empty() || out.back() != key.message) out.push_back(key.message);
    }
    return out;
  }

  std::optional<error> reads_fail;  // of content and of lanes, as long as it is set
  std::optional<error> rows_fail;   // of messages
  std::size_t loads = 0;            // of content, asked for
  std::size_t scans = 0;            // of lanes

 private:
  struct kept {
    spool::message_row row;
    mail::content_ptr content;
    std::size_t open = 0;
  };

  void write(spool::accept_request request) {
    for (const spool::lane_row& row : request.new_lanes) lanes_[row.id] = row;
    for (const spool::usage_row& row : request.usage) usage_[row.name] = row;
    for (spool::accept_request& one : request.made) write(std::move(one));
    const std::size_t recipients = request.recipients.size();
    const queue_id id = request.message.id;
    messages_[id] = {std::move(request.message), std::move(request.content), recipients};
    for (spool::recipient_row& row : request.recipients) put(std::move(row));
  }

  void put(spool::recipient_row row) {
    kept& message = messages_.at(row.key.message);
    if (const auto before = rows_.find(row.key); before != rows_.end()) {
      due_[before->second.lane].erase({before->second.due, row.key});
      --counts_[{message.row.stream, before->second.state}];
    }
    ++counts_[{message.row.stream, row.state}];
    if (is_final(row.state)) {
      open_.erase(row.key);
      // The body goes with the last recipient; the row stays, as history does.
      if (--message.open == 0) message.content = nullptr;
    } else {
      open_.insert(row.key);
      const bool queued = row.state != mail::recipient_state::held && !row.intent;
      if (queued) due_[row.lane].insert({row.due, row.key});
    }
    rows_[row.key] = std::move(row);
  }

  std::deque<std::function<void()>> writes_;
  std::map<queue_id, kept> messages_;
  std::map<spool::recipient_key, spool::recipient_row> rows_;
  std::set<spool::recipient_key> open_;
  std::map<spool::lane_id, spool::lane_row> lanes_;
  std::map<std::string, spool::usage_row> usage_;
  std::map<std::string, spool::suppression_row> suppressions_;
  std::map<spool::lane_id, std::set<spool::due_entry>> due_;
  std::map<std::pair<mail::traffic_stream, mail::recipient_state>, std::uint64_t> counts_;
};

}  // namespace stellwerk::delivery
