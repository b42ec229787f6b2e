#include "gateway/ingress/control_headers.hpp"

#include <gtest/gtest.h>

namespace stellwerk::ingress {
namespace {

const time_point now{std::chrono::milliseconds{1'700'000'000'000}};

std::variant<control_values, control_fault> read(const std::string& fields) {
  const std::string content = fields + "\r\n";
  const auto header = mail::header_section::parse(content);
  return read_control_headers(header, now);
}

std::optional<duration> lifetime_of(const std::string& text) {
  const auto out = read("X-Stellwerk-Lifetime: " + text + "\r\n");
  const auto* values = std::get_if<control_values>(&out);
  return values != nullptr ? values->lifetime : std::nullopt;
}

TEST(control_headers, durations) {
  using namespace std::chrono;
  EXPECT_EQ(lifetime_of("250ms"), milliseconds{250});
  EXPECT_EQ(lifetime_of("30s"), seconds{30});
  EXPECT_EQ(lifetime_of("5m"), minutes{5});
  EXPECT_EQ(lifetime_of("72h"), hours{72});
  EXPECT_EQ(lifetime_of("30d"), hours{720});
  for (const char* bad : {"", "s", "5", "-5s", "1.5h", "5 m", "31d", "0s", "99999999999999999999h", "5M"})
    EXPECT_EQ(lifetime_of(bad), std::nullopt) << bad;
}

TEST(control_headers, names_ignore_case_and_values_unfold) {
  const auto out = read("x-STELLWERK-tags: a,\r\n b\r\nX-Stellwerk-Tags: c, a\r\n");
  ASSERT_TRUE(std::holds_alternative<control_values>(out));
  EXPECT_EQ(std::get<control_values>(out).tags, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(control_headers, other_fields_are_not_ours) {
  const auto out = read("X-Stellwerk-Colour: red\r\nX-Stellwer: x\r\nSubject: X-Stellwerk-Tags: a\r\n");
  ASSERT_TRUE(std::holds_alternative<control_values>(out));
  EXPECT_TRUE(std::get<control_values>(out).tags.empty());
}

TEST(control_headers, send_at_is_at_most_thirty_days_ahead) {
  const auto send_at = [](duration ahead) { return read("X-Stellwerk-Send-At: " + to_rfc3339(now + ahead) + "\r\n"); };
  EXPECT_TRUE(std::holds_alternative<control_values>(send_at(std::chrono::hours{30 * 24})));
  EXPECT_TRUE(std::holds_alternative<control_values>(send_at(-std::chrono::hours{1})));
  const auto far = send_at(std::chrono::hours{30 * 24} + std::chrono::seconds{1});
  ASSERT_TRUE(std::holds_alternative<control_fault>(far));
  EXPECT_EQ(std::get<control_fault>(far).field, "X-Stellwerk-Send-At");
}

TEST(control_headers, bounds_of_tags_and_metadata) {
  std::string many = "X-Stellwerk-Tags: t0";
  for (int i = 1; i <= 64; ++i) many += ", t" + std::to_string(i);
  EXPECT_TRUE(std::holds_alternative<control_fault>(read(many + "\r\n")));
  EXPECT_NE(fault_of_tag(std::string(129, 't')), "");
  EXPECT_NE(fault_of_tag("a\tb"), "");
  EXPECT_NE(fault_of_metadata("", "v"), "");
  EXPECT_NE(fault_of_metadata("k", std::string(1025, 'v')), "");
  EXPECT_EQ(fault_of_metadata("order.id-1_x", "\xc3\xa4"), "");
  EXPECT_NE(fault_of_idempotency_key("schl\xc3\xbcssel"), "");
}

}  // namespace
}  // namespace stellwerk::ingress
