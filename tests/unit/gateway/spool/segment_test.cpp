// Bodies in segments: rotation, release, sparse files, what recovery cuts and what it never touches, damaged records.
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/unit/gateway/spool/store_fixture.hpp"

namespace stellwerk::spool {
namespace {

namespace fs = std::filesystem;
using mail::recipient_state;

class segment_test : public store_fixture {
 protected:
  void SetUp() override {
    config_.segment_bytes = 100'000;
    corrupt_ = 0;
    metrics_.corrupt_records = counter{corrupt_};
    store_fixture::SetUp();
  }

  recipient_row accept_body(std::size_t size, char fill = 'x') {
    accept_request request = a_message({"ada@example.org"}, a_body(size, fill));
    auto answer = accept(std::move(request));
    EXPECT_TRUE(answer);
    return answer->added.at(0);
  }
  void deliver(const recipient_row& row) { ASSERT_TRUE(change(row, with_state(row, recipient_state::delivered))); }
  [[nodiscard]] std::string content_of(const recipient_row& row) {
    const auto loaded = store_->load_message(row.key.message);
    return loaded && loaded->content ? *loaded->content : std::string{};
  }
  [[nodiscard]] fs::path segment(int number) const {
    char name[32];
    std::snprintf(name, sizeof name, "%08d.seg", number);
    return fs::path{directory_.path()} / "segments" / name;
  }
  void patch(const fs::path& file, std::uint64_t offset, const std::string& bytes) {
    std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
    out.seekp(static_cast<std::streamoff>(offset));
    out << bytes;
  }

  counter::cell corrupt_{0};
};

TEST_F(segment_test, a_full_segment_is_closed_and_the_next_one_opened) {
  std::vector<recipient_row> rows;
  for (char fill = 'a'; fill < 'g'; ++fill) rows.push_back(accept_body(40'000, fill));
  EXPECT_EQ(segment_files(), 3U);
  restart();
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(content_of(rows[i]), a_body(40'000, static_cast<char>('a' + i)));
}

TEST_F(segment_test, behind_a_long_line_small_bodies_go_to_a_segment_too) {
  close();
  config_.inline_line_max = 3;
  open();
  std::vector<recipient_row> rows;
  for (char fill = 'a'; fill < 'e'; ++fill) rows.push_back(accept_body(100, fill));
  EXPECT_EQ(segment_files(), 0U);  // nobody stood behind more than three
  rows.push_back(accept_body(100, 'e'));
  EXPECT_EQ(segment_files(), 1U);
  accept_request elsewhere = a_message({"ada@example.org"}, a_body(100, 'f'));
  elsewhere.recipients[0].lane = 2;  // a lane with nobody in it
  const std::uint64_t before = store_->health().body_bytes;
  auto answer = accept(std::move(elsewhere));
  ASSERT_TRUE(answer);
  rows.push_back(answer->added.at(0));
  EXPECT_EQ(store_->health().body_bytes, before);
  restart();
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(content_of(rows[i]), a_body(100, static_cast<char>('a' + i)));
  for (const recipient_row& row : rows) deliver(row);
  EXPECT_EQ(store_->health().body_bytes_live, 0U);
  accept_body(100, 'g');
  EXPECT_EQ(store_->health().body_bytes_live, 0U);  // the line is short again
}

TEST_F(segment_test, behind_a_long_line_a_body_that_a_merge_brings_again_goes_to_a_segment_too) {
  close();
  config_.inline_line_max = 3;
  open();
  const auto merged = [&](const std::string& address) {
    accept_request request = a_message({address}, a_body(100, 'm'));
    request.idempotency = a_claim("fan-out", true);
    auto answer = accept(std::move(request));
    EXPECT_TRUE(answer);
    return answer->added.at(0);
  };
  deliver(merged("ada@example.org"));  // the last recipient takes the body with it
  for (int i = 0; i < 4; ++i) accept_body(100);
  ASSERT_EQ(segment_files(), 0U);
  const recipient_row again = merged("bob@example.org");
  EXPECT_EQ(segment_files(), 1U);
  EXPECT_EQ(content_of(again), a_body(100, 'm'));
  restart();
  EXPECT_EQ(content_of(again), a_body(100, 'm'));
  deliver(again);
  EXPECT_EQ(store_->health().body_bytes_live, 0U);
}

// Perhaps nobody was acknowledged for the first one; whoever repeats it is, and for something that can be delivered.
TEST_F(segment_test, a_repetition_brings_a_damaged_body_again) {
  for (const bool merges : {false, true}) {
    const std::string body = a_body(20'000, merges ? 'm' : 'p');
    const auto keyed = [&] {
      accept_request request = a_message({"ada@example.org"}, body);
      request.idempotency = a_claim(merges ? "merged" : "plain", merges);
      return request;
    };
    const auto first = accept(keyed());
    ASSERT_TRUE(first);
    const recipient_row row = first->added.at(0);
    EXPECT_TRUE(accept(keyed())->restored.empty());
    const std::uint64_t live = store_->health().body_bytes_live;
    close();
    patch(segment(1), fs::file_size(segment(1)) - 10'000, "damage");
    open();
    ASSERT_TRUE(store_->load_message(row.key.message).error().is(errc::corrupt));
    std::vector<accept_answer> answers;
    for (int i = 0; i < 2; ++i) {  // in one batch
      store_->accept(keyed(), [&](const result<accept_answer>& got) { answers.push_back(*got); });
    }
    run();
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_TRUE(answers[0].message.duplicate());
    ASSERT_EQ(answers[0].restored.size(), 1U);
    EXPECT_EQ(answers[0].restored[0].lane, row.lane);
    EXPECT_EQ(answers[0].restored[0].at, (due_entry{row.due, row.key}));
    EXPECT_TRUE(answers[1].restored.empty());
    EXPECT_EQ(content_of(row), body);
    EXPECT_EQ(store_->health().body_bytes_live, live) << "what is damaged is released";
    restart();
    EXPECT_EQ(content_of(row), body);
    deliver(row);
    EXPECT_EQ(store_->health().body_bytes_live, 0U);
    EXPECT_TRUE(accept(keyed())->restored.empty()) << "nothing is wanted of what is finished";
  }
}

TEST_F(segment_test, a_merge_of_others_brings_a_damaged_body_again) {
  const auto merged = [&](const std::string& address) {
    accept_request request = a_message({address}, a_body(20'000));
    request.idempotency = a_claim("fan-out", true);
    return accept(std::move(request));
  };
  const auto first = merged("ada@example.org");
  close();
  patch(segment(1), 10'000, "damage");
  open();
  const auto second = merged("bob@example.org");
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->message.duplicate());
  ASSERT_EQ(second->restored.size(), 1U);
  EXPECT_EQ(second->restored[0].at.key, first->added[0].key);
  EXPECT_EQ(content_of(second->added.at(0)), a_body(20'000));
  deliver(first->added[0]);
  deliver(second->added[0]);
  EXPECT_EQ(store_->health().body_bytes_live, 0U);
}

TEST_F(segment_test, a_body_larger_than_a_segment_has_one_of_its_own) {
  const recipient_row row = accept_body(300'000);
  const recipient_row next = accept_body(50'000, 'n');
  restart();
  EXPECT_EQ(content_of(row), a_body(300'000));
  EXPECT_EQ(content_of(next), a_body(50'000, 'n'));
}

TEST_F(segment_test, many_bodies_in_one_batch_may_span_segments) {
  std::vector<queue_id> ids;
  for (char fill = 'a'; fill < 'k'; ++fill) {
    accept_request request = a_message({"ada@example.org"}, a_body(30'000, fill));
    ids.push_back(request.message.id);
    store_->accept(std::move(request), [](result<accept_answer> got) { EXPECT_TRUE(got); });
  }
  run();
  restart();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(*store_->load_message(ids[i])->content, a_body(30'000, static_cast<char>('a' + i)));
  }
}

TEST_F(segment_test, a_segment_without_live_bytes_is_removed_but_not_the_current_one) {
  const recipient_row first = accept_body(60'000);
  const recipient_row second = accept_body(60'000);
  ASSERT_EQ(segment_files(), 2U);
  deliver(first);
  EXPECT_EQ(segment_files(), 1U);
  deliver(second);
  EXPECT_EQ(segment_files(), 1U);
  EXPECT_EQ(store_->health().body_bytes_live, 0U);
  (void)accept_body(60'000);  // opens the next and leaves the empty one behind
  EXPECT_EQ(segment_files(), 1U);
}

TEST_F(segment_test, sparse_segments_are_copied_so_that_space_stays_bounded) {
  std::vector<recipient_row> kept;
  for (int i = 0; i < 60; ++i) {
    const recipient_row row = accept_body(30'000, static_cast<char>('a' + i % 26));
    if (i % 10 == 0) {
      kept.push_back(row);
    } else {
      deliver(row);
    }
    time_.advance(std::chrono::seconds{2});
    run();
    time_.advance(std::chrono::seconds{2});
    run();
    const store_health health = store_->health();
    EXPECT_LE(health.body_bytes, 2 * health.body_bytes_live + 3 * config_.segment_bytes);
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
      EXPECT_EQ(content_of(kept[i]), a_body(30'000, static_cast<char>('a' + i * 10 % 26)));
    }
    restart();
  }
  for (const recipient_row& row : kept) deliver(row);
  EXPECT_EQ(store_->health().body_bytes_live, 0U);
}

TEST_F(segment_test, a_torn_tail_is_cut_and_what_the_state_refers_to_is_not) {
  const recipient_row row = accept_body(20'000);
  close();
  const auto size = fs::file_size(segment(1));
  std::ofstream{segment(1), std::ios::app | std::ios::binary} << "SWB1 half a record that was never acknowledged";
  open();
  EXPECT_EQ(fs::file_size(segment(1)), size);
  EXPECT_EQ(content_of(row), a_body(20'000));
  const recipient_row next = accept_body(20'000, 'n');
  restart();
  EXPECT_EQ(content_of(next), a_body(20'000, 'n'));
}

TEST_F(segment_test, a_damaged_record_is_quarantined_alone) {
  const recipient_row first = accept_body(20'000, 'a');
  const recipient_row second = accept_body(20'000, 'b');
  const recipient_row third = accept_body(20'000, 'c');
  close();
  const std::uint64_t record = fs::file_size(segment(1)) / 3;
  const std::map<std::string, std::uint64_t> damages{{"magic", record},
                                                     {"length", record + 8},
                                                     {"id", record + 20},
                                                     {"checksum", record + 35},
                                                     {"content", record + 9000}};
  for (const auto& [where, offset] : damages) {
    const std::string saved = [&] {
      std::ifstream in{segment(1), std::ios::binary};
      in.seekg(static_cast<std::streamoff>(offset));
      std::string one(1, '\0');
      in.read(one.data(), 1);
      return one;
    }();
    patch(segment(1), offset, std::string(1, static_cast<char>(saved[0] ^ 0x10)));
    open();
    const auto before = corrupt_.load();
    const auto loaded = store_->load_message(second.key.message);
    ASSERT_FALSE(loaded) << where;
    EXPECT_TRUE(loaded.error().is(errc::corrupt)) << where;
    EXPECT_GT(corrupt_.load(), before) << where;
    EXPECT_EQ(content_of(first), a_body(20'000, 'a')) << where;
    EXPECT_EQ(content_of(third), a_body(20'000, 'c')) << where;
    close();
    patch(segment(1), offset, saved);
  }
  open();
  EXPECT_EQ(content_of(second), a_body(20'000, 'b'));
  deliver(second);
}

TEST_F(segment_test, a_segment_cut_short_loses_only_what_lay_behind_the_cut) {
  const recipient_row first = accept_body(20'000, 'a');
  const recipient_row second = accept_body(20'000, 'b');
  close();
  fs::resize_file(segment(1), 30'000);
  open();
  EXPECT_EQ(content_of(first), a_body(20'000, 'a'));
  EXPECT_TRUE(store_->load_message(second.key.message).error().is(errc::corrupt));
  const recipient_row third = accept_body(20'000, 'c');  // not where the lost one is expected
  EXPECT_EQ(content_of(third), a_body(20'000, 'c'));
  EXPECT_TRUE(store_->load_message(second.key.message).error().is(errc::corrupt));
  deliver(second);  // it can still end
  EXPECT_EQ(count(recipient_state::delivered), 1U);
}

TEST_F(segment_test, a_missing_segment_is_reported_per_message) {
  const recipient_row row = accept_body(20'000);
  close();
  fs::remove(segment(1));
  open();
  EXPECT_TRUE(store_->load_message(row.key.message).error().is(errc::corrupt));
  EXPECT_TRUE(store_->load_message_row(row.key.message));
}

TEST_F(segment_test, a_file_that_nothing_refers_to_is_removed_and_one_from_the_future_is_not) {
  (void)accept_body(20'000);
  close();
  std::ofstream{segment(2)} << "of a batch that was never acknowledged";
  std::ofstream{segment(9)} << "of a newer state than this one";
  open();
  EXPECT_FALSE(fs::exists(segment(2)));
  EXPECT_TRUE(fs::exists(segment(9)));
  for (int i = 0; i < 4; ++i) (void)accept_body(60'000);
  EXPECT_EQ(fs::file_size(segment(9)), 30U);
}

}  // namespace
}  // namespace stellwerk::spool
