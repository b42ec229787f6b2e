// dispatcher: the one owner of what happens to queued mail. Every decision and every settle passes here, in order, on
// one thread, so there are no locks and never two attempts in flight for one recipient.
//
// Passive: run() handles what is in the mailbox and starts what may start; the app drives it from a thread, the
// simulation from its loop. It waits for nothing: reads go to reader threads, writes to the committer, attempts to the
// runner, and their answers come back through the mailbox. Thread rule: accept(), post() and the operator calls from
// any thread; everything else on the dispatch thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/async/mailbox.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "gateway/delivery/delivery_config.hpp"
#include "gateway/delivery/delivery_metrics.hpp"
#include "gateway/delivery/destination_table.hpp"
#include "gateway/delivery/dispatch_event.hpp"
#include "gateway/delivery/disposition.hpp"
#include "gateway/delivery/dsn_limiter.hpp"
#include "gateway/delivery/job.hpp"
#include "gateway/delivery/lane_table.hpp"
#include "gateway/delivery/operate.hpp"
#include "gateway/delivery/runner.hpp"
#include "gateway/events/ledger_event.hpp"
#include "gateway/events/suppression_list.hpp"
#include "gateway/spool/spool.hpp"
#include "mail/dsn.hpp"
#include "policy/health/failover_budget.hpp"
#include "policy/policy.hpp"

namespace stellwerk::delivery {

// A disk that cannot read now may read later; what is damaged or gone does not come back.
[[nodiscard]] inline bool may_be_read_later(const error& failure) {
  return !failure.is(errc::corrupt) && !failure.is(errc::not_found);
}

struct recipient_key_hash {
  std::size_t operator()(const spool::recipient_key& key) const noexcept {
    return std::hash<queue_id>{}(key.message) ^ (static_cast<std::size_t>(key.index) * 0x9e3779b97f4a7c15ULL);
  }
};

// A decision as it was made, with all it was made from.
struct decision_made {
  const delivery_message& message;
  const spool::recipient_row& row;
  const policy::facts& about;
  const policy::history& past;
  const policy::policy& rules;
  const policy::live_state& live;
  time_point now;
  const policy::decision& decision;
};

// What of the changes to the suppression list was new.
struct suppress_answer {
  std::size_t added = 0;
  std::size_t replaced = 0;
  std::size_t removed = 0;
  std::size_t absent = 0;  // to be removed, and not there
};
using suppress_completion = std::function<void(result<suppress_answer>)>;

class dispatcher final : public spool::acceptor {
 public:
  struct environment {
    const clock& time;
    random_source& random;  // of the dispatch thread
    logger& log;
    spool::store& store;
    runner& run;
    read_executor read;
    delivery_metrics& metrics;
    std::function<void()> wake;  // something is in the mailbox
    std::string node_name;
    // Told each decision before anything follows from it: for tests that ask whether what is done is what was decided.
    std::function<void(const decision_made&)> decided = {};
  };

  dispatcher(environment env, delivery_config config, std::shared_ptr<const policy::policy> rules,
             stream_shares shares);
  ~dispatcher() override;

  // ---- any thread ----
  void accept(spool::accept_request request, spool::accept_completion done) override;
  void post(std::function<void()> control);
  void adopt(std::shared_ptr<const policy::policy> rules, stream_shares shares);
  void operate(operate_order order, operate_completion done);
  // Additions and removals, whole or not at all. They hold from the turn they are taken up in, so that when `done` says
  // they are durable no attempt is decided without them; what was under way before that finishes.
  // errc::limit_reached: the list is full.
  void suppress(std::vector<spool::suppression_change> changes, suppress_completion done);
  [[nodiscard]] std::size_t attempts_in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t unsettled() const { return unsettled_.load(std::memory_order_relaxed); }
  // Mail is due for a destination that takes it, in a line that is longer than a lane's window.
  [[nodiscard]] bool long_line() const { return long_line_.load(std::memory_order_relaxed); }
  // After stop_starting(): no attempt is under way, none waits for its intent to be durable, and what became of those
  // before has been handed to the store.
  [[nodiscard]] bool at_rest() const { return at_rest_.load(std::memory_order_acquire); }

  // ---- dispatch thread ----
  // Before the first run, and before recover().
  void adopt(events::suppression_list list);
  void recover();  // once, before the first run: intents without outcome, lanes
  void run();
  // Not later than now: events are left over for another turn.
  [[nodiscard]] steady_point next_wakeup() const { return handled_ < batch_.size() ? steady_point{} : next_wakeup_; }
  void stop_starting();  // draining: what is in flight finishes, nothing new starts, what was counted is written down
  [[nodiscard]] destination_table& destinations() { return table_; }
  [[nodiscard]] const std::shared_ptr<const policy::policy>& rules() const { return rules_; }

 private:
  // An accept on its way to the store, with what its first attempts hold.
  struct pending_accept {
    message_ptr message;
    std::vector<spool::recipient_key> keys;
    struct start {
      std::string attempt_id;
      reservation held;
      adapters::delivery_way way = adapters::delivery_way::main;
      bool has_other_way = false;
    };
    // The notice of recipients that were refused, stored with them.
    struct notice {
      std::vector<std::string> about;  // their addresses
      std::string to;
      spool::lane_id lane = 0;
      bool stands_in_line = true;
      lane_item item;
    };
    std::vector<start> starts;
    std::vector<notice> notices;
    std::vector<spool::lane_id> new_lanes;
  };

  // What is counted and logged of a change when it is durable; the texts only where they will be asked for.
  struct change_note {
    spool::recipient_key key;
    mail::traffic_stream stream = mail::traffic_stream::transactional;
    mail::recipient_state before = mail::recipient_state::ready;
    mail::recipient_state after = mail::recipient_state::ready;
    std::uint32_t attempts_made = 0;
    spool::lane_id left = 0;    // where it stood in line and does so no more; 0: nowhere
    spool::lane_id joined = 0;  // where it does now
    std::string untied;         // the destination it is free of now
    std::string tied;           // the one it is tied to now: an attempt there may have handed it over
    std::string address;        // this and what follows: of a final change that is logged
    std::string reason;
    std::string destination;
  };

  // A settle on its way to the store, with what follows when it is durable.
  struct pending_settle {
    std::vector<change_note> changes;
    std::vector<std::unique_ptr<job>> starts;
    struct waiting {
      spool::lane_id lane = 0;
      lane_item item;
      bool parked = false;  // for a reason of its own: those behind it may go first
    };
    std::vector<waiting> waits;
    std::vector<spool::lane_id> new_lanes;
    std::vector<spool::lane_id> accepted;            // lanes of the recipients of what was made from these
    std::function<void(const result<void>&)> after;  // also when it could not be written
  };

  // What the sender is to be told with a settle: recipients of one message that end together share a notice.
  struct owed_notice {
    spool::message_row message;  // the one reported on
    mail::content_ptr content;   // null: nothing of it is returned
    mail::report_kind kind = mail::report_kind::failed;
    std::vector<mail::reported_recipient> recipients;
    std::vector<std::uint32_t> about;   // with an acceptance: their positions in it
    std::vector<std::string> bound_by;  // invariants that apply to each of them
  };

  // A settle under construction.
  struct settlement {
    spool::settle_request request;
    pending_settle follow;
    std::vector<owed_notice> notices;
  };

  void tell_of_gone_destinations();
  void recover_intents();
  void recover_later(const error& failure);
  void recover(const std::vector<spool::recipient_row>& rows);
  [[nodiscard]] std::unordered_set<std::string_view> starting_with_acceptance() const;  // attempt ids
  void take_up_again(const std::vector<spool::waiting_recipient>& restored);
  void handle(accept_event& event);
  void handle(accepted_event& event);
  void handle(report_event& event);
  void handle(settled_event& event);
  void handle(loaded_event& event);
  void handle(refilled_event& event);
  void handle(looked_up_event& event);
  void handle(control_event& event) { event.run(); }

  // An entry whose row or content could not be read, on its way back to its lane.
  struct unread_entry {
    steady_point not_before{};
    spool::lane_id lane = 0;
    spool::due_entry entry;
  };

  enum class place : std::uint8_t { head, aside };

  // dispatch_start.cpp
  struct planned {
    std::vector<start_group> groups;
    std::vector<std::pair<std::size_t, policy::decision>> others;  // wait, hold, refuse
  };
  [[nodiscard]] planned plan(const delivery_message& message, const std::vector<spool::recipient_row>& rows,
                             const walk& so_far);
  [[nodiscard]] policy::decision decide(const delivery_message& message, const spool::recipient_row& row,
                                        const walk& so_far, bool sole);
  [[nodiscard]] attempt_subject subject_of(const delivery_message& message, const spool::recipient_row& row,
                                           std::size_t recipients) const;
  [[nodiscard]] spool::attempt_intent make_intent(const start_group& group);  // without whom it passed over
  void set_lane(const delivery_message& message, spool::recipient_row& row, std::vector<spool::lane_row>& made);
  [[nodiscard]] bool drops_at_deadline(std::size_t route) const;
  [[nodiscard]] bool is_late(std::size_t route, const delivery_message& message) const;
  [[nodiscard]] bool drop_late(settlement& work, const message_ptr& message, std::vector<spool::recipient_row>& wanting,
                               const planned& ways);
  void drop(settlement& work, const message_ptr& message, const spool::recipient_row& before);
  void start(std::unique_ptr<job> what);
  void start_with_acceptance(const start_group& group, const delivery_message& message,
                             const std::vector<std::size_t>& open, spool::accept_request& request,
                             pending_accept& pending);
  void tell_with_acceptance(settlement told, spool::accept_request& request, pending_accept& pending);
  void take_up_notices(pending_accept& pending, const std::vector<spool::recipient_row>& added);
  void begin(const message_ptr& message, std::vector<spool::recipient_row> rows);
  [[nodiscard]] bool awaits_trial(const spool::recipient_row& row) const;
  void end_trial(const job& done);
  void begin_group(settlement& work, const message_ptr& message, const std::vector<spool::recipient_row>& before,
                   const start_group& group, std::vector<spool::recipient_row> after, const walk& so_far);
  void go_on(settlement& work, const message_ptr& message, const std::vector<spool::recipient_row>& before,
             std::vector<spool::recipient_row> after, const walk& so_far, place where);
  void wait_for_room(settlement& work, const message_ptr& message, const spool::recipient_row& before,
                     spool::recipient_row row, place where);
  void stay(settlement& work, const message_ptr& message, const spool::recipient_row& before,
            const policy::decision& why);

  // dispatch_settle.cpp
  void settle(settlement work);
  [[nodiscard]] static spool::ledger_row ledger_line(const spool::message_row& message, const spool::recipient_row& row,
                                                     events::event_kind kind);
  // A row change with its ledger line.
  void change(settlement& work, const delivery_message& message, spool::recipient_row before,
              spool::recipient_row after, events::event_kind kind);
  void finish_rows(settlement& work, job& done, const adapters::attempt_report& report);
  void move_on(settlement& work, job& done, std::vector<std::size_t> rows, std::vector<disposition> fallbacks);
  void fall_back(settlement& work, const job& done, const spool::recipient_row& before, const disposition& own,
                 const policy::decision& why);
  void wait_for_budget(settlement& work, const job& done, const spool::recipient_row& before, const disposition& own);
  void wait_in_lane(settlement& work, const message_ptr& message, const spool::recipient_row& after, place where);
  void follow_up(pending_settle& done);
  [[nodiscard]] change_note note_of(const spool::recipient_change& change) const;
  void record(const change_note& change);
  void count_tied(const std::string& destination, double by);
  void count_in_line(spool::lane_id id, std::int64_t by);
  void count_in_line(const spool::recipient_row& row, std::int64_t by);
  void recount_backlogs();
  [[nodiscard]] bool will_start() const;
  [[nodiscard]] spool::recipient_row not_started(spool::recipient_row row, const policy::decision& why);

  // dispatch_notice.cpp
  // Null: nobody is to be told.
  owed_notice* bounce_notice(settlement& work, const delivery_message& message, const spool::recipient_row& after);
  void delay_notice(settlement& work, const delivery_message& message, spool::recipient_row& after);
  void relayed_notice(settlement& work, const delivery_message& message, const spool::recipient_row& after);
  void poison_notice(settlement& work, const spool::message_row& message, const spool::recipient_row& after);
  owed_notice& failure_notice(settlement& work, const spool::message_row& message, const mail::content_ptr& content,
                              const spool::recipient_row& after, std::vector<std::string> bound_by);
  [[nodiscard]] std::vector<std::string> binding(const delivery_message& message,
                                                 const spool::recipient_row& recipient) const;
  void expire(settlement& work, const message_ptr& message, const spool::recipient_row& before);
  [[nodiscard]] static owed_notice& owe(settlement& work, const spool::message_row& message,
                                        const mail::content_ptr& content, mail::report_kind kind,
                                        std::vector<std::string> bound_by);
  void make_notices(settlement& work);
  void make_notice(settlement& work, owed_notice owed);

  // dispatch_copies.cpp
  void copy_to_sandbox(settlement& work, const delivery_message& message, const std::vector<spool::recipient_row>& rows,
                       const start_group& group);
  void accept_made(settlement& work, spool::accept_request request);

  // dispatch_lanes.cpp
  void pump();
  [[nodiscard]] bool pump_lane(lane& one, time_point now);
  [[nodiscard]] std::size_t room_of(const lane& one) const;
  void take_up(lane& one, std::vector<lane_item> items);
  void refill(lane& one);
  void housekeeping(steady_point now);
  void sweep_lane(lane& one, time_point now);
  void settle_ended(lane& one, time_point now);
  void take_out(lane& one, const std::vector<spool::due_entry>& entries);
  [[nodiscard]] lane_item item_for(const message_ptr& message, const spool::recipient_row& row);
  [[nodiscard]] bool moves(const lane& one) const;
  void sweep_held();
  std::optional<queue_id> expire_some(const std::vector<spool::listed_recipient>& listed, time_point now);
  void expire_held(const queue_id& id, std::vector<spool::recipient_key> keys);
  void expire_held(const message_ptr& message, std::vector<spool::recipient_key> keys);
  void put_back_unread(spool::lane_id lane, const spool::due_entry& entry, const error& failure);
  void read_again(steady_point now);
  void keep_warm(lane_item& item, const message_ptr& message, const spool::recipient_row& row);

  // dispatch_unknown.cpp
  void resolve_unknown(settlement& work, const message_ptr& message, std::vector<spool::recipient_row> rows);
  void repeat_unknown(settlement& work, const message_ptr& message, const std::vector<spool::recipient_row>& rows);
  void look_up(const message_ptr& message, std::vector<spool::recipient_row> rows);
  void note_absence(spool::recipient_row& row, adapters::lookup_answer answer);
  [[nodiscard]] const policy::route_config* route_named(std::string_view name) const;
  [[nodiscard]] const policy::route_config* route_of(const spool::recipient_row& row) const;
  [[nodiscard]] bool is_api(std::string_view destination) const;

  // dispatch_suppress.cpp
  [[nodiscard]] suppress_answer list_changes(const std::vector<spool::suppression_change>& changes);
  void store_changes(std::vector<spool::suppression_change> changes, suppress_answer answer, suppress_completion done);
  void count_suppressed(const policy::decision& why);
  void end_suppressed(settlement& work, const delivery_message& message, const spool::recipient_row& before,
                      spool::recipient_row row, const policy::decision& why);
  void sweep_suppressions();
  void drop_expired(std::vector<spool::suppression_row> rows);

  // dispatch_operate.cpp
  struct operation_work;
  void lease_for(const std::shared_ptr<operation_work>& work);
  void operate_rows(const std::shared_ptr<operation_work>& work);
  void operate_row(settlement& work, const message_ptr& message, spool::recipient_row& row, const operate_order& order);
  [[nodiscard]] std::string refusal_of_reroute(const delivery_message& message, const spool::recipient_row& row,
                                               const operate_order& order);
  void give_back(const spool::recipient_row& row);

  void lease(const spool::recipient_key& key) {
    leased_.insert(key);
    unsettled_.store(leased_.size(), std::memory_order_relaxed);
  }
  void unlease(const spool::recipient_key& key) {
    leased_.erase(key);
    unsettled_.store(leased_.size(), std::memory_order_relaxed);
  }
  [[nodiscard]] bool leased(const spool::recipient_key& key) const { return leased_.contains(key); }

  environment env_;
  delivery_config config_;
  std::shared_ptr<const policy::policy> rules_;
  destination_table table_;
  events::suppression_list suppressions_;
  std::size_t warm_bytes_ = 0;  // outlives what counts in it
  lane_table lanes_;
  policy::failover_budget budget_;
  dsn_limiter notices_;
  id_generator ids_;

  async::mailbox<dispatch_event> mailbox_;
  std::vector<dispatch_event> batch_;
  std::size_t handled_ = 0;  // of batch_
  std::unordered_map<std::uint64_t, std::unique_ptr<job>> jobs_;
  std::unordered_map<std::uint64_t, pending_accept> accepts_;
  std::unordered_map<std::uint64_t, pending_settle> settles_;
  std::unordered_set<spool::recipient_key, recipient_key_hash> leased_;  // being worked on: no one else may start them
  std::deque<unread_entry> unread_;                                      // soonest first
  std::uint64_t next_number_ = 1;
  std::size_t loads_ = 0;
  std::optional<queue_id> held_seen_;  // where the sweep of held mail goes on
  bool sweeping_held_ = false;
  std::size_t put_off_left_ = 0;
  std::atomic<std::size_t> in_flight_{0};
  std::atomic<std::size_t> unsettled_{0};
  std::atomic<bool> at_rest_{false};
  std::atomic<bool> long_line_{false};
  std::optional<queue_id> on_trial_;  // whose attempt is under way, where a crash would make it poison
  std::size_t trials_ = 0;            // its jobs
  bool starting_ = true;
  bool lanes_dirty_ = true;
  steady_point next_wakeup_{};
  steady_point next_housekeeping_{};
  steady_point next_sweep_{};
  steady_point next_suppression_sweep_{};
  std::optional<steady_point> recover_after_;  // an intent could not be read
};

}  // namespace stellwerk::delivery
