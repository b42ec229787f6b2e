#include "base/log.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/metric.hpp"
#include "base/result.hpp"

namespace stellwerk {
namespace {

std::string line(std::initializer_list<log_field> fields) {
  return to_json_line("2026-01-31T08:15:00.123Z", log_level::info, "message.accepted", {fields.begin(), fields.size()});
}

TEST(log, one_event_is_one_line_of_json) {
  const std::string domain = "example.org";
  EXPECT_EQ(
      line({{"queue_id", "01AR"}, {"size", 120U}, {"seconds", 0.25}, {"tls", true}, {"domain", domain}}),
      "{\"ts\":\"2026-01-31T08:15:00.123Z\",\"level\":\"info\",\"event\":\"message.accepted\",\"queue_id\":\"01AR\","
      "\"size\":120,\"seconds\":0.25,\"tls\":true,\"domain\":\"example.org\"}\n");
}

TEST(log, foreign_text_stays_inside_its_value) {
  const std::string got = line({{"reply", "550 no\r\n{\"level\":\"error\"}"}});
  EXPECT_EQ(std::count(got.begin(), got.end(), '\n'), 1);
  EXPECT_NE(got.find(R"("reply":"550 no\u000d\u000a{\"level\":\"error\"}")"), std::string::npos);
}

TEST(log, long_values_are_cut) {
  const std::string got = line({{"reply", std::string(5000, 'x')}});
  EXPECT_LT(got.size(), 700U);
  EXPECT_TRUE(got.ends_with("xx\"}\n"));
}

TEST(log, numbers_that_json_does_not_have_are_null) {
  EXPECT_NE(line({{"ratio", std::nan("")}}).find("\"ratio\":null"), std::string::npos);
  EXPECT_NE(line({{"ratio", std::numeric_limits<double>::infinity()}}).find("\"ratio\":null"), std::string::npos);
}

TEST(log, a_disabled_level_is_not_written) {
  struct keeping_logger final : logger {
    bool enabled(log_level level) const noexcept override { return level >= log_level::warning; }
    void write(log_level, std::string_view event, std::span<const log_field>) override { events.emplace_back(event); }
    std::vector<std::string> events;
  } log;
  log.debug("a");
  log.info("b");
  log.warning("c");
  log.error("d", {{"k", 1}});
  EXPECT_EQ(log.events, (std::vector<std::string>{"c", "d"}));
  EXPECT_FALSE(null_logger().enabled(log_level::error));
}

TEST(log, an_address_keeps_what_helps_to_correlate) {
  EXPECT_EQ(redacted_address("john.doe@example.org"), "j***@example.org");
  EXPECT_EQ(redacted_address(""), "<>");
  EXPECT_EQ(redacted_address("postmaster"), "p***");
  EXPECT_EQ(redacted_address("\"quoted@local\"@example.org"), "***@example.org");
}

TEST(error, tells_its_step_and_compares_by_code) {
  const error failure{errc::timed_out, "smtp.connect"};
  EXPECT_EQ(failure.message(), "smtp.connect: timed out");
  EXPECT_EQ(failure, (error{errc::timed_out, "elsewhere"}));
  EXPECT_TRUE(failure.is(errc::timed_out));
  EXPECT_FALSE(failure.is(errc::closed));
  const error foreign{make_error_code(boost::system::errc::connection_refused), "net.connect"};
  EXPECT_FALSE(foreign.is(errc::refused));
  const result<int> failed = failure;
  EXPECT_THROW((void)failed.value(), std::runtime_error);
}

TEST(error, every_code_has_a_text_of_its_own) {
  std::set<std::string> texts;
  const int last = static_cast<int>(errc::unsupported);
  for (int code = 0; code <= last; ++code) texts.insert(make_error_code(static_cast<errc>(code)).message());
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(last) + 1);
}

TEST(metric, handles_count_into_their_cells) {
  counter::cell cell{0};
  counter accepted{cell};
  counter copy = accepted;
  accepted.add();
  copy.add(4);
  EXPECT_EQ(cell.load(), 5U);
  gauge::cell level{0};
  gauge depth{level};
  depth.set(3);
  depth.add(-1.5);
  EXPECT_DOUBLE_EQ(depth.value(), 1.5);
  counter{}.add();
  gauge{}.set(1);
  histogram{}.observe(1);
  EXPECT_EQ(cell.load(), 5U) << "a handle of nobody changes no cell of somebody";
}

TEST(metric, a_value_on_a_bound_belongs_to_that_bucket) {
  histogram::cell cell{{0.1, 1.0}};
  histogram seconds{cell};
  for (const double value : {0.05, 0.1, 0.5, 1.0, 7.0}) seconds.observe(value);
  EXPECT_EQ(cell.counts[0].load(), 2U);
  EXPECT_EQ(cell.counts[1].load(), 2U);
  EXPECT_EQ(cell.counts[2].load(), 1U);
  EXPECT_EQ(seconds.count(), 5U);
  EXPECT_DOUBLE_EQ(cell.sum.load(), 8.65);
}

}  // namespace
}  // namespace stellwerk
