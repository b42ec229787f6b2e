// A store in a directory of its own, driven by hand, and builders of what goes into it.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "gateway/spool/embedded/embedded_store.hpp"

namespace stellwerk::spool {

class temporary_directory {
 public:
  temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "spool-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Shows the log on stderr when STELLWERK_TEST_LOG is set.
class test_log final : public logger {
 public:
  bool enabled(log_level /*level*/) const noexcept override { return std::getenv("STELLWERK_TEST_LOG") != nullptr; }
  void write(log_level level, std::string_view event, std::span<const log_field> fields) override {
    std::fputs(to_json_line("", level, event, fields).c_str(), stderr);
  }
};

class store_fixture : public ::testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
  }
  [[nodiscard]] result<std::unique_ptr<embedded::embedded_store>> try_open() {
    config_.data_directory = directory_.path();
    embedded::embedded_options options = options_;
    options.thread = embedded::committer_thread::none;
    return embedded::open_embedded_store(config_, time_, log_, metrics_, options);
  }
  void close() { store_.reset(); }
  void restart() {
    close();
    open();
  }
  void run() {
    while (store_->run_once()) {
    }
  }

  [[nodiscard]] accept_request a_message(const std::vector<std::string>& to = {"ada@example.org"},
                                         std::string content = "Subject: hello\r\n\r\nhello\r\n") {
    accept_request request;
    request.message.id = ids_.next();
    request.message.client = "billing";
    request.message.tenant = "acme";
    request.message.reverse_path = "noreply@acme.example";
    request.message.accepted = time_.now();
    request.message.expires = time_.now() + std::chrono::hours{24};
    request.message.size = content.size();
    request.content = std::make_shared<const std::string>(std::move(content));
    for (const std::string& address : to) {
      recipient_row row;
      row.address = address;
      row.lane = 1;
      row.due = time_.now();
      row.changed = time_.now();
      request.recipients.push_back(std::move(row));
    }
    return request;
  }

  static idempotency_claim a_claim(std::string key, bool merge, std::uint8_t fingerprint = 1) {
    idempotency_claim claim;
    claim.tenant = "acme";
    claim.key = std::move(key);
    claim.fingerprint.fill(fingerprint);
    claim.merge_recipients = merge;
    return claim;
  }

  // A failing store may answer after the call gave up waiting: what it answers into is shared.
  [[nodiscard]] result<accept_answer> accept(accept_request request) {
    const auto answer = std::make_shared<std::optional<result<accept_answer>>>();
    store_->accept(std::move(request), [answer](result<accept_answer> got) { answer->emplace(std::move(got)); });
    run();
    return *answer ? std::move(**answer) : result<accept_answer>{error{errc::timed_out, "test.accept"}};
  }

  [[nodiscard]] result<void> settle(settle_request request) {
    const auto answer = std::make_shared<std::optional<result<void>>>();
    store_->settle(std::move(request), [answer](result<void> got) { *answer = got; });
    run();
    return *answer ? **answer : result<void>{error{errc::timed_out, "test.settle"}};
  }
  [[nodiscard]] result<void> change(const recipient_row& before, const recipient_row& after) {
    settle_request request;
    request.changes.push_back({before, after, mail::traffic_stream::transactional});
    return settle(std::move(request));
  }
  [[nodiscard]] static recipient_row with_state(recipient_row row, mail::recipient_state state) {
    row.state = state;
    if (state != mail::recipient_state::attempting) row.intent.reset();
    return row;
  }
  [[nodiscard]] recipient_row with_intent(recipient_row row) {
    row.state = mail::recipient_state::attempting;
    row.intent = attempt_intent{"a-1", "mta", "default", "v1", time_.now()};
    return row;
  }

  [[nodiscard]] std::uint64_t count(mail::recipient_state state) const {
    return store_->count(mail::traffic_stream::transactional, state);
  }
  [[nodiscard]] std::size_t due_in_lane(lane_id lane) {
    const auto entries = store_->scan_lane(lane, {}, 10'000);
    return entries ? entries->size() : 0;
  }
  [[nodiscard]] std::size_t segment_files() const {
    std::size_t found = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{directory_.path() + "/segments"})
      ++found;
    return found;
  }

  temporary_directory directory_;
  test_log log_;
  spool_config config_;
  manual_clock time_;
  seeded_random random_{7};
  id_generator ids_{time_, random_};
  spool_metrics metrics_;
  embedded::embedded_options options_;
  std::unique_ptr<embedded::embedded_store> store_;
};

[[nodiscard]] inline std::string a_body(std::size_t size, char fill = 'x') {
  return "Subject: large\r\n\r\n" + std::string(size, fill) + "\r\n";
}

}  // namespace stellwerk::spool
