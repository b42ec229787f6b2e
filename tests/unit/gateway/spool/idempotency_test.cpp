// Idempotency keys: scope (tenant, key); decided by the committer, also between requests of one batch.
#include <chrono>

#include "tests/unit/gateway/spool/store_fixture.hpp"

namespace stellwerk::spool {
namespace {

using mail::recipient_state;

class idempotency_test : public store_fixture {
 protected:
  [[nodiscard]] accept_request claimed(const std::vector<std::string>& to, bool merge, std::uint8_t fingerprint = 1,
                                       const std::string& content = "Subject: x\r\n\r\n") {
    accept_request request = a_message(to, content);
    request.idempotency = a_claim("key", merge, fingerprint);
    return request;
  }
  // Time and batches, until every due sweep has run.
  void pass(std::chrono::hours time) {
    time_.advance(time);
    run();
  }
};

TEST_F(idempotency_test, a_repeat_is_answered_with_the_first_id_and_stores_nothing) {
  const auto first = accept(claimed({"ada@example.org"}, false));
  ASSERT_TRUE(first);
  for (int round = 0; round < 2; ++round) {
    const auto again = accept(claimed({"ada@example.org"}, false));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->message.duplicate());
    EXPECT_EQ(again->message.id(), first->message.id());
    EXPECT_TRUE(again->added.empty());
    EXPECT_EQ(count(recipient_state::ready), 1U);
    restart();
  }
}

TEST_F(idempotency_test, a_repeat_in_the_same_batch_waits_for_the_first_ones_sync) {
  std::vector<result<accept_answer>> answers;
  for (int i = 0; i < 3; ++i) {
    store_->accept(claimed({"ada@example.org"}, false), [&](result<accept_answer> got) { answers.push_back(got); });
  }
  EXPECT_TRUE(answers.empty());
  run();
  ASSERT_EQ(answers.size(), 3U);
  for (const auto& one : answers) EXPECT_TRUE(one->restored.empty()) << "on its way is not lost";
  EXPECT_FALSE(answers[0]->message.duplicate());
  EXPECT_TRUE(answers[1]->message.duplicate());
  EXPECT_EQ(answers[2]->message.id(), answers[0]->message.id());
  EXPECT_EQ(count(recipient_state::ready), 1U);
}

TEST_F(idempotency_test, another_content_under_the_same_key_is_refused) {
  ASSERT_TRUE(accept(claimed({"ada@example.org"}, true, 1)));
  EXPECT_TRUE(accept(claimed({"ada@example.org"}, true, 2)).error().is(errc::fingerprint_differs));
  EXPECT_TRUE(accept(claimed({"ada@example.org"}, false, 2)).error().is(errc::fingerprint_differs));
  EXPECT_EQ(count(recipient_state::ready), 1U);
}

TEST_F(idempotency_test, the_key_is_the_tenants_own) {
  ASSERT_TRUE(accept(claimed({"ada@example.org"}, false)));
  accept_request other = claimed({"ada@example.org"}, false, 2);
  other.idempotency->tenant = "other";
  const auto answer = accept(std::move(other));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->message.duplicate());
}

TEST_F(idempotency_test, a_merge_adds_only_new_recipients_under_the_first_id) {
  const auto first = accept(claimed({"ada@example.org", "bob@example.org"}, true));
  const auto second = accept(claimed({"bob@example.org", "cyd@example.org"}, true));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->message.id(), first->message.id());
  EXPECT_FALSE(second->message.duplicate());
  ASSERT_EQ(second->added.size(), 1U);
  EXPECT_EQ(second->added[0].address, "cyd@example.org");
  EXPECT_EQ(second->added[0].key, (recipient_key{first->message.id(), 2}));
  restart();
  EXPECT_EQ(store_->load_message_row(first->message.id())->recipients, 3U);
  EXPECT_EQ(store_->load_recipients(first->message.id())->size(), 3U);
  EXPECT_EQ(count(recipient_state::ready), 3U);
  const auto third = accept(claimed({"cyd@example.org"}, true));
  EXPECT_TRUE(third->message.duplicate());
  EXPECT_EQ(count(recipient_state::ready), 3U);
}

TEST_F(idempotency_test, a_merge_stores_what_was_made_because_of_new_recipients_alone) {
  const auto with_notices = [this](const std::vector<std::string>& to) {
    accept_request request = claimed(to, true);
    for (std::uint32_t i = 0; i < to.size(); ++i) {
      request.recipients[i].state = recipient_state::refused;
      request.made.push_back(a_message({"sender@example.org"}));
      request.made.back().about = {i};
    }
    return request;
  };
  const auto first = with_notices({"ada@example.org", "bob@example.org"});
  const auto second = with_notices({"bob@example.org", "cyd@example.org"});
  ASSERT_TRUE(accept(first));
  ASSERT_TRUE(accept(second));
  ASSERT_TRUE(accept(second)) << "a repeat makes nothing";
  EXPECT_EQ(count(recipient_state::refused), 3U);
  EXPECT_EQ(count(recipient_state::ready), 3U);
  EXPECT_TRUE(store_->load_message(first.made[0].message.id));
  EXPECT_TRUE(store_->load_message(first.made[1].message.id));
  EXPECT_FALSE(store_->load_message(second.made[0].message.id));
  EXPECT_TRUE(store_->load_message(second.made[1].message.id));
}

TEST_F(idempotency_test, what_was_made_because_of_several_is_stored_about_the_new_ones) {
  const auto with_notice = [this](const std::vector<std::string>& to) {
    accept_request request = claimed(to, true);
    accept_request& made = request.made.emplace_back(a_message({"sender@example.org"}));
    for (std::uint32_t i = 0; i < to.size(); ++i) {
      request.recipients[i].state = recipient_state::refused;
      made.about.push_back(i);
    }
    made.content = std::make_shared<const std::string>("Subject: all\r\n\r\n");
    made.content_about = [to](const std::vector<std::size_t>& places) {
      std::string content = "Subject: some\r\n\r\n";
      for (const std::size_t place : places) content += to.at(place) + "\r\n";
      return std::make_shared<const std::string>(content);
    };
    return request;
  };
  const auto first = with_notice({"ada@example.org", "bob@example.org"});
  const auto second = with_notice({"bob@example.org", "cyd@example.org", "dan@example.org"});
  const auto third = with_notice({"ada@example.org", "dan@example.org"});
  for (const auto* one : {&first, &second, &third}) ASSERT_TRUE(accept(*one));
  EXPECT_EQ(*store_->load_message(first.made[0].message.id)->content, "Subject: all\r\n\r\n");
  const auto narrowed = store_->load_message(second.made[0].message.id);
  ASSERT_TRUE(narrowed);
  EXPECT_EQ(*narrowed->content, "Subject: some\r\n\r\ncyd@example.org\r\ndan@example.org\r\n");
  EXPECT_EQ(narrowed->message.size, narrowed->content->size());
  EXPECT_FALSE(store_->load_message(third.made[0].message.id)) << "about nobody new";
}

TEST_F(idempotency_test, merges_meet_in_one_batch) {
  int added = 0;
  for (const char* address : {"a@example.org", "b@example.org", "a@example.org"}) {
    store_->accept(claimed({address}, true),
                   [&](result<accept_answer> got) { added += static_cast<int>(got->added.size()); });
  }
  run();
  EXPECT_EQ(added, 2);
  EXPECT_EQ(count(recipient_state::ready), 2U);
}

TEST_F(idempotency_test, a_merge_into_a_finished_message_brings_the_body_again) {
  for (const std::string& content : {std::string{"Subject: x\r\n\r\n"}, a_body(20'000)}) {
    accept_request request = claimed({"ada@example.org"}, true, 1, content);
    request.idempotency->key = std::to_string(content.size());
    accept_request later = claimed({"ada@example.org", "bob@example.org"}, true, 1, content);
    later.idempotency = request.idempotency;
    const auto first = accept(std::move(request));
    ASSERT_TRUE(change(first->added[0], with_state(first->added[0], recipient_state::delivered)));
    ASSERT_FALSE(store_->load_message(first->message.id())->content);

    const auto second = accept(std::move(later));
    ASSERT_TRUE(second);
    ASSERT_EQ(second->added.size(), 1U);
    restart();
    const auto loaded = store_->load_message(first->message.id());
    ASSERT_TRUE(loaded->content);
    EXPECT_EQ(*loaded->content, content);
    const auto rows = store_->load_recipients(first->message.id());
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[0].state, recipient_state::delivered);
    EXPECT_EQ((*rows)[1].state, recipient_state::ready);

    ASSERT_TRUE(change(second->added[0], with_state(second->added[0], recipient_state::delivered)));
    EXPECT_FALSE(store_->load_message(first->message.id())->content);
    EXPECT_EQ(store_->health().body_bytes_live, 0U);
  }
}

TEST_F(idempotency_test, finishing_and_merging_in_one_batch_keeps_the_body) {
  const auto first = accept(claimed({"ada@example.org"}, true, 1, a_body(20'000)));
  settle_request settled;
  settled.changes.push_back(
      {first->added[0], with_state(first->added[0], recipient_state::delivered), mail::traffic_stream::transactional});
  store_->settle(std::move(settled), [](result<void> got) { EXPECT_TRUE(got); });
  accept_request later = claimed({"bob@example.org"}, true, 1, a_body(20'000));
  later.message.stream = mail::traffic_stream::marketing;  // behind the settle in its batch
  store_->accept(std::move(later), [](result<accept_answer> got) { EXPECT_EQ(got->added.size(), 1U); });
  run();
  restart();
  EXPECT_EQ(*store_->load_message(first->message.id())->content, a_body(20'000));
  EXPECT_EQ(count(recipient_state::ready), 1U);
  EXPECT_EQ(due_in_lane(1), 1U);
}

TEST_F(idempotency_test, a_key_is_forgotten_after_its_time_and_not_before) {
  config_.idempotency_retention = std::chrono::hours{72};
  restart();
  const auto first = accept(claimed({"ada@example.org"}, false));
  ASSERT_TRUE(change(first->added[0], with_state(first->added[0], recipient_state::delivered)));
  pass(std::chrono::hours{71});
  EXPECT_TRUE(accept(claimed({"ada@example.org"}, false))->message.duplicate());
  pass(std::chrono::hours{2});
  pass(std::chrono::hours{1});
  EXPECT_FALSE(accept(claimed({"ada@example.org"}, false))->message.duplicate());
}

TEST_F(idempotency_test, a_key_outlives_an_open_message_and_the_day_after_its_end) {
  config_.idempotency_retention = std::chrono::hours{2};
  restart();
  const auto first = accept(claimed({"ada@example.org"}, false));
  for (int day = 0; day < 5; ++day) pass(std::chrono::hours{24});
  EXPECT_TRUE(accept(claimed({"ada@example.org"}, false))->message.duplicate());
  ASSERT_TRUE(change(first->added[0], with_state(first->added[0], recipient_state::delivered)));
  pass(std::chrono::hours{20});
  EXPECT_TRUE(accept(claimed({"ada@example.org"}, false))->message.duplicate());
  pass(std::chrono::hours{24});
  pass(std::chrono::hours{1});
  EXPECT_FALSE(accept(claimed({"ada@example.org"}, false))->message.duplicate());
}

}  // namespace
}  // namespace stellwerk::spool
