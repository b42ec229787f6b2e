// Reads take time: what happens between a look at the store and its answer must not be lost, nor be undone by it.
#include <algorithm>
#include <deque>
#include <utility>

#include "tests/unit/gateway/delivery/delivery_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using namespace std::chrono_literals;
using mail::attempt_outcome;
using mail::recipient_state;

// The real store with something happening between a read and its return.
class interrupted_store final : public spool::store {
 public:
  explicit interrupted_store(spool::store& inner) : inner_{inner} {}

  std::function<void()> after_scan;
  int failing_messages = 0;
  int failing_recipients = 0;
  int failing_intents = 0;
  bool answers_wait = false;
  std::deque<std::function<void()>> answers;  // of acceptances that are written
  bool rows_damaged = false;
  bool bodies_damaged = false;
  std::vector<spool::waiting_recipient> restored;  // told with the next acceptance

  void accept(spool::accept_request request, spool::accept_completion done) override {
    auto told = [this, restored = std::exchange(restored, {}),
                 done = std::move(done)](result<spool::accept_answer> answer) {
      if (answer) answer->restored = restored;
      if (!answers_wait) return done(std::move(answer));
      answers.push_back([done, answer = std::move(answer)] { done(answer); });
    };
    inner_.accept(std::move(request), std::move(told));
  }
  void settle(spool::settle_request request, spool::settle_completion done) override {
    inner_.settle(std::move(request), std::move(done));
  }
  result<spool::loaded_message> load_message(const queue_id& id) override {
    if (fails(failing_messages)) return error{errc::store_failed, "test.read"};
    if (bodies_damaged) return error{errc::corrupt, "test.read"};
    return inner_.load_message(id);
  }
  result<spool::message_row> load_message_row(const queue_id& id) override {
    if (rows_damaged) return error{errc::corrupt, "test.read"};
    return inner_.load_message_row(id);
  }
  result<std::vector<spool::recipient_row>> load_recipients(const queue_id& id) override {
    return inner_.load_recipients(id);
  }
  result<spool::recipient_row> load_recipient(const spool::recipient_key& key) override {
    if (fails(failing_recipients)) return error{errc::store_failed, "test.read"};
    return inner_.load_recipient(key);
  }
  result<std::vector<spool::due_entry>> scan_lane(spool::lane_id lane, const spool::due_entry& from,
                                                  std::size_t limit) override {
    auto entries = inner_.scan_lane(lane, from, limit);
    if (after_scan) std::exchange(after_scan, nullptr)();
    return entries;
  }
  result<std::vector<spool::listed_recipient>> list(const spool::message_filter& filter) override {
    return inner_.list(filter);
  }
  result<std::vector<spool::ledger_row>> read_ledger(std::uint64_t after, std::string_view tenant,
                                                     std::size_t limit) override {
    return inner_.read_ledger(after, tenant, limit);
  }
  result<std::optional<std::string>> load_note(std::string_view name) override { return inner_.load_note(name); }
  result<std::vector<spool::suppression_row>> list_suppressions(const spool::suppression_filter& filter) override {
    return inner_.list_suppressions(filter);
  }
  std::vector<spool::lane_row> lanes() const override { return inner_.lanes(); }
  result<std::vector<spool::recipient_row>> open_intents() override {
    if (fails(failing_intents)) return error{errc::store_failed, "test.read"};
    return inner_.open_intents();
  }
  std::uint64_t count(mail::traffic_stream stream, recipient_state state) const override {
    return inner_.count(stream, state);
  }
  std::map<spool::lane_id, std::uint64_t> in_line() const override { return inner_.in_line(); }
  std::uint64_t tied_to(std::string_view destination) const override { return inner_.tied_to(destination); }
  std::vector<spool::usage_row> usage() const override { return inner_.usage(); }
  spool::store_health health() const override { return inner_.health(); }
  std::uint64_t last_ledger_sequence() const override { return inner_.last_ledger_sequence(); }
  void close() override { inner_.close(); }

 private:
  static bool fails(int& times) { return times > 0 && times-- > 0; }

  spool::store& inner_;
};

class slow_read : public delivery_fixture {
 protected:
  spool::store& seen_store() override {
    interrupted_ = std::make_unique<interrupted_store>(*store_);
    interrupted_->after_scan = std::move(at_first_scan_);
    interrupted_->rows_damaged = rows_damaged_;
    interrupted_->failing_intents = failing_intents_;
    return *interrupted_;
  }
  void read(std::function<void()> work) override {
    if (reads_wait_) {
      waiting_.push_back(std::move(work));
    } else {
      work();
    }
  }
  queue_id deferred_message() {
    const queue_id id = submit({"later@example.org"});
    answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
    return id;
  }

  // An attempt was under way when the process ended; the message row could not be read at the start, and can be now.
  queue_id cut_off_under_a_damaged_row() {
    start();
    const queue_id id = submit({"cut-off@example.org"});
    shut_down();
    rows_damaged_ = true;
    start();
    interrupted_->rows_damaged = false;
    return id;
  }

  [[nodiscard]] spool::waiting_recipient waiting(const queue_id& id) {
    const spool::recipient_row stored = row(id);
    return {stored.lane, {stored.due, stored.key}, stored.intent.has_value()};
  }
  // Some other mail comes in, and its answer tells what was restored.
  void restore(const spool::waiting_recipient& what) {
    interrupted_->restored = {what};
    submit({"other@example.org"});
    const auto other = std::find_if(runner_.attempts.begin(), runner_.attempts.end(), [](const auto& one) {
      return one.what.recipients.front().address == "other@example.org";
    });
    ASSERT_NE(other, runner_.attempts.end());
    std::rotate(runner_.attempts.begin(), other, std::next(other));
    answer({outcome_of(attempt_outcome::delivered)});
  }

  std::unique_ptr<interrupted_store> interrupted_;
  std::function<void()> at_first_scan_;
  bool reads_wait_ = false;
  bool rows_damaged_ = false;
  int failing_intents_ = 0;  // at the start
  std::deque<std::function<void()>> waiting_;
};

// The first read of a lane is under way when the recovered intent becomes durable, due before what that read finds.
TEST_F(slow_read, an_attempt_that_a_crash_cut_off_is_repeated_although_its_lane_was_being_read) {
  start();
  deferred_message();
  const queue_id id = submit({"cut-off@example.org"});
  ASSERT_EQ(in_flight_at(), "onprem");
  shut_down();
  at_first_scan_ = [this] {
    while (store_->run_once()) {
    }
  };
  start();
  ASSERT_EQ(runner_.attempts.size(), 1U) << "state " << to_string(row(id).state);
  EXPECT_EQ(runner_.attempts.front().what.recipients.front().address, "cut-off@example.org");
}

TEST_F(slow_read, what_an_operator_held_while_its_lane_was_being_read_stays) {
  start();
  const queue_id id = deferred_message();
  shut_down();
  reads_wait_ = true;
  start();
  clock_.advance(10min);
  ASSERT_EQ(waiting_.size(), 1U) << "the first read of the lane";
  interrupted_->after_scan = [this, id] {
    reads_wait_ = false;
    operate_order hold;
    hold.what = operation::hold;
    hold.by = authority::operators;
    hold.message = id;
    hold.reason = "asked for";
    operate(hold);
  };
  waiting_.front()();
  settle();
  EXPECT_EQ(row(id).state, recipient_state::held);
  EXPECT_TRUE(runner_.attempts.empty());
}

TEST_F(slow_read, what_could_not_be_read_once_is_read_again) {
  start();
  const queue_id id = deferred_message();
  for (int* failing : {&interrupted_->failing_messages, &interrupted_->failing_recipients}) {
    *failing = 1;
    pass(1h);
    ASSERT_EQ(*failing, 0);
    ASSERT_EQ(in_flight_at(), "onprem");
    answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
  }
  EXPECT_EQ(row(id).attempts_made, 3U);
}

TEST_F(slow_read, an_attempt_cut_off_under_a_damaged_row_is_recovered_when_the_row_is_restored) {
  const queue_id id = cut_off_under_a_damaged_row();
  ASSERT_TRUE(runner_.attempts.empty());
  ASSERT_EQ(row(id).state, recipient_state::attempting);
  restore(waiting(id));
  pass(1min);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(row(id).intents_lost, 1U);
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

TEST_F(slow_read, an_attempt_cut_off_is_recovered_although_its_restored_row_could_not_be_read_once) {
  const queue_id id = cut_off_under_a_damaged_row();
  interrupted_->failing_recipients = 1;
  restore(waiting(id));
  ASSERT_EQ(interrupted_->failing_recipients, 0);
  pass(1min);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

// A merge is written under the id of the first one, which its dispatcher learns with the answer.
TEST_F(slow_read, a_merge_that_has_been_written_and_not_answered_is_no_attempt_cut_off) {
  failing_intents_ = 1;
  start();
  const auto keyed = [](spool::accept_request& request) {
    request.idempotency.emplace();
    request.idempotency->tenant = "acme";
    request.idempotency->key = "one";
    request.idempotency->merge_recipients = true;
  };
  const queue_id id = submit({"first@example.org"}, keyed);
  answer({outcome_of(attempt_outcome::delivered)});
  interrupted_->answers_wait = true;
  submit({"second@example.org"}, keyed);
  ASSERT_EQ(row(id, 1).state, recipient_state::attempting);
  pass(1min);  // the intents of the process before are read again
  ASSERT_EQ(interrupted_->failing_intents, 0);
  EXPECT_EQ(row(id, 1).state, recipient_state::attempting);
  ASSERT_EQ(interrupted_->answers.size(), 1U);
  interrupted_->answers.front()();
  settle();
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(runner_.attempts.front().what.recipients.front().address, "second@example.org");
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id, 1).state, recipient_state::delivered);
  EXPECT_EQ(row(id, 1).attempts_made, 1U);
}

TEST_F(slow_read, an_attempt_under_way_goes_on_when_its_message_is_restored) {
  start();
  const queue_id id = submit({"under-way@example.org"});
  restore(waiting(id));
  pass(1min);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(row(id).state, recipient_state::attempting);
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

TEST_F(slow_read, what_waits_in_its_lane_stands_there_once_when_it_is_restored) {
  start();
  const queue_id id = deferred_message();
  restore(waiting(id));
  pass(1h);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
  EXPECT_EQ(row(id).attempts_made, 2U);
  EXPECT_EQ(dispatcher_->unsettled(), 0U);
  pass(3h);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
  EXPECT_EQ(dispatcher_->unsettled(), 0U);
}

// Found damaged before the repetition, and told only after it is looked for again.
TEST_F(slow_read, damage_that_is_told_late_does_not_undo_a_restoration) {
  start();
  const queue_id id = deferred_message();
  const spool::waiting_recipient before = waiting(id);
  reads_wait_ = true;
  pass(1h);
  ASSERT_EQ(waiting_.size(), 1U);
  restore(before);
  pass(1min);
  interrupted_->bodies_damaged = true;
  std::exchange(waiting_, {}).front()();
  settle();
  interrupted_->bodies_damaged = false;
  ASSERT_TRUE(runner_.attempts.empty());
  reads_wait_ = false;
  pass(1min);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

}  // namespace
}  // namespace stellwerk::delivery
