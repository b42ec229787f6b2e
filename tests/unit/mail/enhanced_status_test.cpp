#include "mail/enhanced_status.hpp"

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

TEST(enhanced_status, round_trip) {
  for (const std::string text : {"2.0.0", "4.7.28", "5.1.1", "5.999.999"}) {
    const auto status = enhanced_status::parse(text);
    ASSERT_TRUE(status) << text;
    EXPECT_EQ(status->to_string(), text);
  }
  EXPECT_TRUE((enhanced_status{5, 1, 1}).is_permanent());
  EXPECT_FALSE((enhanced_status{4, 1, 1}).is_permanent());
}

TEST(enhanced_status, anything_else_is_none) {
  for (const char* bad : {"", "5", "5.1", "5.1.", "5..1", "3.1.1", "1.1.1", "5.1.1 ", " 5.1.1", "5.1.1.1", "5.1.1000",
                          "5.01.1", "5.a.1", "55.1.1", "5.1.-1", "5,1.1"}) {
    EXPECT_FALSE(enhanced_status::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace stellwerk::mail
