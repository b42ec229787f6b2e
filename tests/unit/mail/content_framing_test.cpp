#include "mail/content_framing.hpp"

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

using namespace std::literals;

TEST(check_framing, lines_end_with_crlf_alone) {  // P-010
  EXPECT_EQ(check_framing(""), framing_fault::none);
  EXPECT_EQ(check_framing("a\r\nb\r\n"), framing_fault::none);
  EXPECT_EQ(check_framing("a\r\nlast line without an end"), framing_fault::none);
  for (const auto bad : {"\n"sv, "a\n.\nb\r\n"sv, "a\n.\r\nb"sv, "a\r\n.\n"sv, "a\r\n\n"sv}) {
    EXPECT_EQ(check_framing(bad), framing_fault::bare_lf);
  }
  for (const auto bad : {"\r"sv, "a\r.\rb"sv, "a\r.\r\n"sv, "\r\r\n"sv, "a\r\n.\rMAIL"sv, "a\r\nb\r"sv}) {
    EXPECT_EQ(check_framing(bad), framing_fault::bare_cr);
  }
  for (const auto bad : {"\0"sv, "a\r\n\0.\r\n"sv, "a\r\n.\0\r\n"sv}) EXPECT_EQ(check_framing(bad), framing_fault::nul);
}

TEST(check_framing, lines_hold_998_octets) {
  EXPECT_EQ(check_framing(std::string(998, 'x') + "\r\n"), framing_fault::none);
  EXPECT_EQ(check_framing(std::string(998, 'x')), framing_fault::none);
  EXPECT_EQ(check_framing(std::string(999, 'x') + "\r\n"), framing_fault::line_too_long);
  EXPECT_EQ(check_framing(std::string(999, 'x')), framing_fault::line_too_long);
}

}  // namespace
}  // namespace stellwerk::mail
