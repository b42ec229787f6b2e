// What every store must do, run against the embedded one.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "gateway/spool/keep_note.hpp"
#include "gateway/spool/rows.hpp"
#include "tests/unit/gateway/spool/store_fixture.hpp"

namespace stellwerk::spool {
namespace {

using mail::recipient_state;
using store_test = store_fixture;

TEST_F(store_test, an_accepted_message_is_there_after_a_restart) {
  accept_request request = a_message({"ada@example.org", "bob@example.net"});
  const message_row sent = request.message;
  const mail::content_ptr content = request.content;
  const auto answer = accept(std::move(request));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message.id(), sent.id);
  EXPECT_FALSE(answer->message.duplicate());
  ASSERT_EQ(answer->added.size(), 2U);

  restart();
  const auto loaded = store_->load_message(sent.id);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->message.reverse_path, sent.reverse_path);
  EXPECT_EQ(loaded->message.recipients, 2U);
  ASSERT_TRUE(loaded->content);
  EXPECT_EQ(*loaded->content, *content);
  const auto rows = store_->load_recipients(sent.id);
  ASSERT_TRUE(rows);
  EXPECT_EQ(*rows, answer->added);
  EXPECT_EQ(count(recipient_state::ready), 2U);
}

TEST_F(store_test, a_large_body_lies_in_a_segment_and_comes_back) {
  const std::string body = a_body(100'000);
  accept_request request = a_message({"ada@example.org"}, body);
  const queue_id id = request.message.id;
  ASSERT_TRUE(accept(std::move(request)));
  restart();
  const auto loaded = store_->load_message(id);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded->content, body);
  EXPECT_EQ(segment_files(), 1U);
  EXPECT_GE(store_->health().body_bytes_live, body.size());
}

TEST_F(store_test, a_note_is_there_after_a_restart_and_the_last_one_counts) {
  const auto keep = [this](std::string value) {
    settle_request request;
    request.notes.push_back({"policy", std::move(value)});
    result<void> answer = error{errc::cancelled, "test"};
    store_->settle(std::move(request), [&](result<void> done) { answer = done; });
    run();
    ASSERT_TRUE(answer);
  };
  EXPECT_EQ(*store_->load_note("policy"), std::nullopt);
  keep("routes: [a]");
  keep("routes: [b]");
  restart();
  EXPECT_EQ(*store_->load_note("policy"), "routes: [b]");
  EXPECT_EQ(*store_->load_note("polic"), std::nullopt);
}

// Nobody runs the committer: it is as if it waited for room.
TEST_F(store_test, who_waits_for_a_note_gives_up_and_what_was_in_force_stays) {
  ASSERT_TRUE(settle([] {
    settle_request request;
    request.notes.push_back({"policy", "routes: [a]"});
    return request;
  }()));
  const auto kept = keep_note(*store_, {"policy", "routes: [b]"}, "routes: [a]", std::chrono::milliseconds{1});
  ASSERT_TRUE(kept.has_error());
  EXPECT_TRUE(kept.error().is(errc::timed_out));
  run();
  EXPECT_EQ(*store_->load_note("policy"), "routes: [a]");
}

TEST_F(store_test, a_note_is_kept_before_its_writer_goes_on) {
  std::atomic<bool> done{false};
  std::thread committer{[this, &done] {
    while (!done) {
      if (!store_->run_once()) std::this_thread::yield();
    }
  }};
  const auto kept = keep_note(*store_, {"policy", "routes: [b]"}, "routes: [a]", std::chrono::minutes{5});
  done = true;
  committer.join();
  EXPECT_TRUE(kept);
  EXPECT_EQ(*store_->load_note("policy"), "routes: [b]");
}

TEST_F(store_test, an_unknown_message_is_not_found) {
  EXPECT_TRUE(store_->load_message(ids_.next()).error().is(errc::not_found));
  EXPECT_TRUE(store_->load_recipient({ids_.next(), 0}).error().is(errc::not_found));
}

TEST_F(store_test, lanes_are_scanned_in_order_from_a_cursor) {
  std::vector<due_entry> expected;
  for (int i = 0; i < 5; ++i) {
    accept_request request = a_message();
    request.recipients[0].due = time_.now() + std::chrono::seconds{10 - i};
    expected.push_back({request.recipients[0].due, {request.message.id, 0}});
    ASSERT_TRUE(accept(std::move(request)));
  }
  accept_request other = a_message();
  other.recipients[0].lane = 2;
  ASSERT_TRUE(accept(std::move(other)));
  std::sort(expected.begin(), expected.end());
  const auto all = store_->scan_lane(1, {}, 100);
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, expected);
  const auto page = store_->scan_lane(1, expected[2], 2);
  ASSERT_TRUE(page);
  EXPECT_EQ(*page, (std::vector<due_entry>{expected[2], expected[3]}));
}

TEST_F(store_test, an_intent_takes_the_place_of_the_due_entry_and_survives_a_restart) {
  auto answer = accept(a_message());
  ASSERT_TRUE(answer);
  const recipient_row ready = answer->added[0];
  const recipient_row attempting = with_intent(ready);
  ASSERT_TRUE(change(ready, attempting));
  EXPECT_EQ(due_in_lane(1), 0U);
  restart();
  const auto intents = store_->open_intents();
  ASSERT_TRUE(intents);
  ASSERT_EQ(intents->size(), 1U);
  EXPECT_EQ((*intents)[0], attempting);
  EXPECT_EQ(count(recipient_state::attempting), 1U);

  recipient_row unknown = with_state(attempting, recipient_state::unknown);
  unknown.due = time_.now() + std::chrono::minutes{5};
  ASSERT_TRUE(change(attempting, unknown));
  EXPECT_TRUE(store_->open_intents()->empty());
  const auto due = store_->scan_lane(1, {}, 10);
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ((*due)[0].due, unknown.due);
}

TEST_F(store_test, an_intent_can_be_part_of_the_acceptance) {
  accept_request request = a_message();
  request.recipients[0] = with_intent(request.recipients[0]);
  ASSERT_TRUE(accept(std::move(request)));
  EXPECT_EQ(due_in_lane(1), 0U);
  EXPECT_EQ(store_->open_intents()->size(), 1U);
}

TEST_F(store_test, a_deferred_recipient_moves_in_its_lane_and_between_lanes) {
  auto answer = accept(a_message());
  const recipient_row ready = answer->added[0];
  recipient_row later = with_state(ready, recipient_state::deferred);
  later.due = ready.due + std::chrono::minutes{1};
  ASSERT_TRUE(change(ready, later));
  EXPECT_EQ(due_in_lane(1), 1U);
  recipient_row moved = later;
  moved.lane = 9;
  ASSERT_TRUE(change(later, moved));
  EXPECT_EQ(due_in_lane(1), 0U);
  EXPECT_EQ(due_in_lane(9), 1U);
  const recipient_row held = with_state(moved, recipient_state::held);
  ASSERT_TRUE(change(moved, held));
  EXPECT_EQ(due_in_lane(9), 0U);
  ASSERT_TRUE(change(held, with_state(held, recipient_state::ready)));
  EXPECT_EQ(due_in_lane(9), 1U);
}

TEST_F(store_test, attempting_without_an_intent_is_found_again_after_a_restart) {
  auto answer = accept(a_message());
  ASSERT_TRUE(change(answer->added[0], with_state(answer->added[0], recipient_state::attempting)));
  restart();
  EXPECT_EQ(due_in_lane(1), 1U);
}

TEST_F(store_test, the_last_final_recipient_moves_the_message_to_history_and_releases_its_body) {
  accept_request request = a_message({"ada@example.org", "bob@example.net"}, a_body(50'000));
  const queue_id id = request.message.id;
  auto answer = accept(std::move(request));
  ASSERT_TRUE(change(answer->added[0], with_state(answer->added[0], recipient_state::delivered)));
  EXPECT_TRUE(store_->load_message(id)->content);
  restart();
  ASSERT_TRUE(change(answer->added[1], with_state(answer->added[1], recipient_state::bounced)));
  restart();
  const auto loaded = store_->load_message(id);
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->content);
  EXPECT_EQ(loaded->message.tenant, "acme");
  const auto rows = store_->load_recipients(id);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].state, recipient_state::delivered);
  EXPECT_EQ((*rows)[1].state, recipient_state::bounced);
  EXPECT_EQ(store_->load_recipient({id, 1})->state, recipient_state::bounced);
  EXPECT_EQ(due_in_lane(1), 0U);
  EXPECT_EQ(store_->health().body_bytes_live, 0U);
  EXPECT_EQ(count(recipient_state::ready), 0U);
  EXPECT_EQ(count(recipient_state::delivered), 1U);
  EXPECT_EQ(count(recipient_state::bounced), 1U);
}

TEST_F(store_test, a_recipient_refused_at_acceptance_goes_to_history_at_once) {
  accept_request request = a_message({"ada@example.org", "bob@example.net"});
  request.recipients[0].state = recipient_state::refused;
  const queue_id id = request.message.id;
  ASSERT_TRUE(accept(std::move(request)));
  EXPECT_EQ(count(recipient_state::refused), 1U);
  EXPECT_EQ(count(recipient_state::ready), 1U);
  EXPECT_EQ(store_->load_recipients(id)->size(), 2U);
  EXPECT_EQ(due_in_lane(1), 1U);
}

TEST_F(store_test, a_change_that_does_not_fit_what_is_stored_is_refused_whole) {
  auto first = accept(a_message());
  auto second = accept(a_message());
  const recipient_row ready = first->added[0];
  const recipient_row other = second->added[0];
  ASSERT_TRUE(change(ready, with_state(ready, recipient_state::held)));
  settle_request request;
  request.changes.push_back(
      {other, with_state(other, recipient_state::cancelled), mail::traffic_stream::transactional});
  request.changes.push_back(
      {ready, with_state(ready, recipient_state::cancelled), mail::traffic_stream::transactional});
  EXPECT_TRUE(settle(std::move(request)).error().is(errc::refused));
  EXPECT_EQ(store_->load_recipient(ready.key)->state, recipient_state::held);
  EXPECT_EQ(store_->load_recipient(other.key)->state, recipient_state::ready);
  EXPECT_EQ(count(recipient_state::cancelled), 0U);
  // Finished means finished.
  ASSERT_TRUE(change(other, with_state(other, recipient_state::delivered)));
  EXPECT_TRUE(change(other, with_state(other, recipient_state::bounced)).error().is(errc::refused));
}

TEST_F(store_test, changes_of_one_recipient_in_one_batch_build_on_each_other) {
  auto answer = accept(a_message());
  const recipient_row ready = answer->added[0];
  const recipient_row attempting = with_intent(ready);
  const recipient_row delivered = with_state(attempting, recipient_state::delivered);
  int done = 0;
  for (const auto& [before, after] : {std::pair{ready, attempting}, std::pair{attempting, delivered}}) {
    settle_request request;
    request.changes.push_back({before, after, mail::traffic_stream::transactional});
    store_->settle(std::move(request), [&](result<void> got) { done += got ? 1 : 0; });
  }
  run();
  EXPECT_EQ(done, 2);
  EXPECT_TRUE(store_->open_intents()->empty());
  EXPECT_EQ(count(recipient_state::delivered), 1U);
  EXPECT_FALSE(store_->load_message(ready.key.message)->content);
}

TEST_F(store_test, what_is_made_from_a_settle_is_stored_with_it) {
  auto answer = accept(a_message());
  settle_request request;
  request.changes.push_back(
      {answer->added[0], with_state(answer->added[0], recipient_state::bounced), mail::traffic_stream::transactional});
  accept_request dsn = a_message({"sender@acme.example"}, "Subject: failed\r\n\r\n");
  const queue_id id = dsn.message.id;
  request.accepts.push_back(std::move(dsn));
  ASSERT_TRUE(settle(std::move(request)));
  EXPECT_TRUE(store_->load_message(id)->content);
  EXPECT_EQ(count(recipient_state::ready), 1U);
}

TEST_F(store_test, ledger_rows_are_numbered_and_read_by_tenant) {
  std::vector<std::uint64_t> told;
  close();
  options_.on_ledger = [&](std::uint64_t sequence) { told.push_back(sequence); };
  open();
  accept_request request = a_message();
  request.ledger = {{0, "acme", "accepted"}, {0, "other", "something"}};
  auto answer = accept(std::move(request));
  settle_request settled;
  settled.changes.push_back({answer->added[0], with_state(answer->added[0], recipient_state::delivered),
                             mail::traffic_stream::transactional});
  settled.ledger = {{0, "acme", "delivered"}};
  ASSERT_TRUE(settle(std::move(settled)));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{2, 3}));
  restart();
  EXPECT_EQ(store_->last_ledger_sequence(), 3U);
  const auto all = store_->read_ledger(0, "", 10);
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[2].payload, "delivered");
  EXPECT_EQ((*all)[2].sequence, 3U);
  const auto mine = store_->read_ledger(1, "acme", 10);
  ASSERT_EQ(mine->size(), 1U);
  EXPECT_EQ((*mine)[0].payload, "delivered");
}

TEST_F(store_test, lanes_survive_even_when_their_first_request_failed) {
  accept_request request = a_message();
  request.new_lanes = {{1, mail::traffic_stream::transactional, "acme", {"mta", "ses"}}};
  request.idempotency = a_claim("k", false, 1);
  ASSERT_TRUE(accept(std::move(request)));
  accept_request refused = a_message();
  refused.idempotency = a_claim("k", false, 2);
  refused.new_lanes = {{2, mail::traffic_stream::transactional, "acme", {"ses"}}};
  EXPECT_TRUE(accept(std::move(refused)).error().is(errc::fingerprint_differs));
  restart();
  const auto lanes = store_->lanes();
  ASSERT_EQ(lanes.size(), 2U);
  EXPECT_EQ(lanes[0].candidates, (std::vector<std::string>{"mta", "ses"}));
  EXPECT_EQ(lanes[1].id, 2U);
}

TEST_F(store_test, counts_are_exact_after_many_changes_and_a_restart) {
  std::vector<recipient_row> open;
  for (int i = 0; i < 40; ++i) {
    auto answer = accept(a_message({"a@example.org", "b@example.org", "c@example.org"}, a_body(i * 300)));
    open.insert(open.end(), answer->added.begin(), answer->added.end());
  }
  constexpr recipient_state states[] = {recipient_state::held, recipient_state::deferred, recipient_state::delivered,
                                        recipient_state::expired, recipient_state::ready};
  std::map<recipient_state, std::uint64_t> expected;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const recipient_state next = states[i % std::size(states)];
    ASSERT_TRUE(change(open[i], with_state(open[i], next)));
    ++expected[next];
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& [state, number] : expected) EXPECT_EQ(count(state), number) << mail::to_string(state);
    EXPECT_EQ(due_in_lane(1), expected[recipient_state::deferred] + expected[recipient_state::ready]);
    restart();
  }
}

TEST_F(store_test, lists_by_state_domain_tenant_and_page) {
  std::vector<recipient_row> rows;
  for (const char* domain : {"example.org", "example.net"}) {
    for (int i = 0; i < 3; ++i) {
      auto answer = accept(a_message({std::string{"a@"} + domain, std::string{"b@"} + domain}));
      rows.insert(rows.end(), answer->added.begin(), answer->added.end());
    }
  }
  ASSERT_TRUE(change(rows[0], with_state(rows[0], recipient_state::delivered)));
  ASSERT_TRUE(change(rows[1], with_state(rows[1], recipient_state::delivered)));
  ASSERT_TRUE(change(rows[2], with_state(rows[2], recipient_state::held)));

  EXPECT_EQ(store_->list({})->size(), 12U);
  message_filter by_state;
  by_state.state = recipient_state::held;
  ASSERT_EQ(store_->list(by_state)->size(), 1U);
  EXPECT_EQ((*store_->list(by_state))[0].recipient.key, rows[2].key);
  EXPECT_EQ((*store_->list(by_state))[0].message.tenant, "acme");
  by_state.state = recipient_state::delivered;
  EXPECT_EQ(store_->list(by_state)->size(), 2U);
  message_filter by_domain;
  by_domain.recipient_domain = "Example.NET";
  EXPECT_EQ(store_->list(by_domain)->size(), 6U);
  message_filter by_tenant;
  by_tenant.tenant = "other";
  EXPECT_TRUE(store_->list(by_tenant)->empty());
  message_filter paged;
  paged.limit = 3;
  std::vector<listed_recipient> seen;
  for (int page = 0; page < 10; ++page) {
    const auto got = store_->list(paged);
    ASSERT_TRUE(got);
    if (got->empty()) break;
    seen.insert(seen.end(), got->begin(), got->end());
    paged.after = got->back().message.id;
  }
  EXPECT_EQ(seen.size(), 12U);
}

TEST_F(store_test, a_closed_store_answers_what_was_asked_and_refuses_the_rest) {
  std::optional<bool> first;
  std::optional<error> late;
  store_->accept(a_message(), [&](result<accept_answer> got) { first = got.has_value(); });
  store_->close();
  EXPECT_EQ(first, true);
  store_->accept(a_message(), [&](result<accept_answer> got) { late = got.error(); });
  ASSERT_TRUE(late);
  EXPECT_TRUE(late->is(errc::cancelled));
}

TEST_F(store_test, a_second_store_on_the_same_directory_is_refused_and_the_first_unharmed) {
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().is(errc::locked));
  EXPECT_TRUE(accept(a_message()));
}

TEST_F(store_test, commits_by_itself_with_a_thread_of_its_own) {
  close();
  counter::cell commits{0};
  metrics_.commits = counter{commits};
  auto opened = embedded::open_embedded_store(config_, time_, null_logger(), metrics_, options_);
  ASSERT_TRUE(opened);
  std::atomic<int> answered{0};
  for (int i = 0; i < 200; ++i) {
    (*opened)->accept(a_message(), [&](result<accept_answer> got) { answered += got ? 1 : 0; });
  }
  (*opened)->close();
  EXPECT_EQ(answered.load(), 200);
  EXPECT_EQ((*opened)->count(mail::traffic_stream::transactional, recipient_state::ready), 200U);
  EXPECT_LT(commits.load(), 200U);
}

TEST_F(store_test, who_is_in_line_is_counted_by_lane_over_restarts) {
  auto first = accept(a_message({"ada@example.org", "bob@example.org"}));
  accept_request other = a_message({"eve@example.org"});
  other.recipients[0].lane = 7;
  other.recipients[0].state = recipient_state::scheduled;
  auto second = accept(std::move(other));
  ASSERT_TRUE(first && second);
  using in_line = std::map<lane_id, std::uint64_t>;
  EXPECT_EQ(store_->in_line(), (in_line{{1, 2}})) << "scheduled mail waits for its time";
  ASSERT_TRUE(change(second->added[0], with_state(second->added[0], recipient_state::deferred)));
  ASSERT_TRUE(change(first->added[0], with_state(first->added[0], recipient_state::held)));
  EXPECT_EQ(store_->in_line(), (in_line{{1, 1}, {7, 1}}));
  restart();
  EXPECT_EQ(store_->in_line(), (in_line{{1, 1}, {7, 1}}));
  ASSERT_TRUE(change(first->added[1], with_state(first->added[1], recipient_state::delivered)));
  restart();
  EXPECT_EQ(store_->in_line(), (in_line{{7, 1}}));
}

TEST_F(store_test, who_is_tied_to_a_destination_is_counted_until_it_is_free) {
  const auto answer = accept(a_message());
  ASSERT_TRUE(answer);
  recipient_row tied = with_state(answer->added[0], recipient_state::unknown);
  tied.pinned_destination = "mta";
  ASSERT_TRUE(change(answer->added[0], tied));
  EXPECT_EQ(store_->tied_to("mta"), 1U);
  const recipient_row deferred = with_state(tied, recipient_state::deferred);
  ASSERT_TRUE(change(tied, deferred));
  restart();
  EXPECT_EQ(store_->tied_to("mta"), 1U) << "deferred, and still tied";
  EXPECT_EQ(store_->tied_to("esp"), 0U);
  recipient_row done = with_state(deferred, recipient_state::delivered);
  done.pinned_destination.clear();
  ASSERT_TRUE(change(deferred, done));
  EXPECT_EQ(store_->tied_to("mta"), 0U);
}

TEST_F(store_test, what_is_used_is_stored_with_what_uses_it) {
  accept_request request = a_message();
  request.usage.push_back({"limit/a per_day", 20261124, 3, 1});
  ASSERT_TRUE(accept(std::move(request)));
  settle_request later;
  later.usage.push_back({"limit/a per_day", 20261124, 5.5, 3});
  later.usage.push_back({"destination/b/spent", 202611, 0.25, 2});
  ASSERT_TRUE(settle(std::move(later)));
  settle_request overtaken;
  overtaken.usage.push_back({"limit/a per_day", 20261124, 4, 2});
  ASSERT_TRUE(settle(std::move(overtaken)));
  restart();
  const auto rows = store_->usage();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].name, "destination/b/spent");
  EXPECT_DOUBLE_EQ(rows[0].used, 0.25);
  EXPECT_EQ(rows[1].period, 20261124U);
  EXPECT_DOUBLE_EQ(rows[1].used, 5.5) << "the last word counts, in whatever order they come";
}

TEST_F(store_test, usage_of_a_duplicate_is_not_stored) {
  accept_request first = a_message();
  first.idempotency = a_claim("k", false);
  ASSERT_TRUE(accept(std::move(first)));
  accept_request again = a_message();
  again.idempotency = a_claim("k", false);
  again.usage.push_back({"limit/a per_day", 20261124, 1, 1});
  const auto answer = accept(std::move(again));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->message.duplicate());
  EXPECT_TRUE(store_->usage().empty());
}

}  // namespace
}  // namespace stellwerk::spool
