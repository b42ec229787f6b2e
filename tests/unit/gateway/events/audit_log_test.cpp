// P-217: an edited, missing or moved line of the audit log is found and pointed at.
#include "gateway/events/audit_log.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace stellwerk::events {
namespace {

class audit_log_test : public ::testing::Test {
 protected:
  void record(std::string action, std::string reason = "because") {
    ASSERT_TRUE(log_.record({std::move(action), "onprem", std::move(reason), "192.0.2.7", {{"policy", "a\"b\n"}}}));
  }
  void five_lines() {
    for (const char* action : {"start", "destination.drain", "queue.hold", "policy.apply", "destination.resume"}) {
      record(action);
    }
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (std::size_t from = 0; from < file_.size();) {
      const auto end = file_.find('\n', from) + 1;
      out.push_back(file_.substr(from, end - from));
      from = end;
    }
    return out;
  }
  static std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& one : lines) out += one;
    return out;
  }
  // The line that is pointed at; 0: the log is whole.
  [[nodiscard]] std::size_t broken_at(const std::vector<std::string>& lines) const {
    const auto found = verify_audit(joined(lines), told_);
    const auto* fault = std::get_if<audit_fault>(&found);
    return fault == nullptr ? 0 : fault->line;
  }

  manual_clock clock_;
  std::string file_;
  std::optional<audit_head> told_;
  std::size_t whole_ = 0;
  int failing_ = 0;  // appends that leave half a line
  bool uncut_ = false;
  audit_log log_{clock_,
                 {},
                 [this](std::string_view text) -> result<void> {
                   if (failing_ > 0 && failing_-- > 0) {
                     file_ += text.substr(0, text.size() / 2);
                     return error{errc::store_full, "test"};
                   }
                   file_ += text;
                   whole_ = file_.size();
                   return {};
                 },
                 [this]() -> result<void> {
                   if (uncut_) return error{errc::store_failed, "test"};
                   file_.resize(whole_);
                   return {};
                 },
                 [this](const audit_head& head) { told_ = head; }};
};

TEST_F(audit_log_test, a_whole_log_verifies_and_says_where_it_ends) {
  five_lines();
  const auto found = verify_audit(file_, told_);
  ASSERT_TRUE(std::holds_alternative<audit_head>(found)) << std::get<audit_fault>(found).reason;
  EXPECT_EQ(std::get<audit_head>(found).sequence, 5U);
  EXPECT_EQ(std::get<audit_head>(found), told_);
  EXPECT_EQ(audit_end(file_), (std::pair{*told_, file_.size()}));
  EXPECT_EQ(parse_audit_head(to_string(*told_)), told_);
}

TEST_F(audit_log_test, an_edit_of_any_octet_of_any_line_is_pointed_at) {
  five_lines();
  const std::vector<std::string> whole = lines();
  ASSERT_EQ(whole.size(), 5U);
  for (std::size_t line = 0; line < whole.size(); ++line) {
    for (std::size_t at = 0; at + 1 < whole[line].size(); ++at) {
      auto edited = whole;
      edited[line][at] = edited[line][at] == 'x' ? 'y' : 'x';
      ASSERT_EQ(broken_at(edited), line + 1) << "octet " << at;
    }
  }
}

TEST_F(audit_log_test, a_missing_line_is_pointed_at_wherever_it_was) {
  five_lines();
  for (std::size_t line = 0; line < 5; ++line) {
    auto less = lines();
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(line));
    EXPECT_EQ(broken_at(less), line + 1);
  }
}

TEST_F(audit_log_test, lines_in_another_order_are_pointed_at) {
  five_lines();
  for (std::size_t a = 0; a < 5; ++a) {
    for (std::size_t b = a + 1; b < 5; ++b) {
      auto moved = lines();
      std::swap(moved[a], moved[b]);
      EXPECT_EQ(broken_at(moved), a + 1);
    }
  }
}

TEST_F(audit_log_test, a_line_put_in_or_doubled_is_pointed_at) {
  five_lines();
  auto more = lines();
  more.insert(more.begin() + 2, more[1]);
  EXPECT_EQ(broken_at(more), 3U);
  more[2] = make_audit_line({"queue.cancel", "1", "forged", "nobody", {}}, clock_.now(), *told_).text;
  EXPECT_EQ(broken_at(more), 3U);
}

TEST_F(audit_log_test, an_end_written_anew_does_not_match_the_head_kept_elsewhere) {
  five_lines();
  auto forged = lines();
  const audit_head before = audit_end(joined({forged[0], forged[1], forged[2], forged[3]})).first;
  forged[4] =
      make_audit_line({"destination.resume", "onprem", "nothing happened", "192.0.2.7", {}}, clock_.now(), before).text;
  EXPECT_EQ(broken_at(forged), 5U);
  told_.reset();
  EXPECT_EQ(broken_at(forged), 0U) << "a chain alone cannot tell: that is why the head is kept";
}

TEST_F(audit_log_test, a_log_goes_on_where_its_file_ends) {
  record("start");
  const auto [end, size] = audit_end(file_ + "{\"sequence\": 2, \"at\": \"half a li");
  EXPECT_EQ(size, file_.size()) << "what comes after was never acknowledged";
  EXPECT_EQ(end, told_);
}

TEST_F(audit_log_test, half_a_line_is_cut_off_and_the_line_written_again) {
  record("start");
  failing_ = 1;
  record("destination.drain");
  EXPECT_EQ(told_->sequence, 2U);
  EXPECT_EQ(broken_at(lines()), 0U);
}

TEST_F(audit_log_test, what_cannot_be_written_is_refused_until_there_is_room) {
  record("start");
  failing_ = 2;
  EXPECT_FALSE(log_.record({"destination.drain", "onprem", "why", "192.0.2.7", {}}));
  EXPECT_EQ(told_->sequence, 1U);
  record("destination.drain");
  EXPECT_EQ(told_->sequence, 2U);
  EXPECT_EQ(broken_at(lines()), 0U);
}

TEST_F(audit_log_test, nothing_is_appended_to_half_a_line_that_cannot_be_cut_off) {
  record("start");
  failing_ = 1;
  uncut_ = true;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(log_.record({"destination.drain", "onprem", "why", "192.0.2.7", {}}));
  uncut_ = false;
  record("destination.drain");
  EXPECT_EQ(broken_at(lines()), 0U);
}

}  // namespace
}  // namespace stellwerk::events
