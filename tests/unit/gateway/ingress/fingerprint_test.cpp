#include "gateway/ingress/fingerprint.hpp"

#include <gtest/gtest.h>

namespace stellwerk::ingress {
namespace {

fingerprint of(const std::string& content, const control_values& control = {}, std::string_view from = "a@b.example") {
  const auto header = mail::header_section::parse(content);
  return fingerprint_of_smtp(from, control, header, content);
}

const std::string plain = "Subject: x\r\n\r\ntext\r\n";

TEST(fingerprint, trace_and_control_fields_do_not_count) {
  EXPECT_EQ(of(plain), of("Received: by x\r\n\tfolded\r\nReturn-Path: <a@b.example>\r\n" + plain));
  EXPECT_EQ(of(plain), of("X-Stellwerk-Idempotency-Key: k\r\n" + plain));
}

TEST(fingerprint, everything_else_counts) {
  EXPECT_NE(of(plain), of("Subject: y\r\n\r\ntext\r\n"));
  EXPECT_NE(of(plain), of("Subject: x\r\n\r\ntext\r\n\r\n"));
  EXPECT_NE(of(plain), of(plain, {}, "c@b.example"));
  control_values tagged;
  tagged.tags = {"otp"};
  EXPECT_NE(of(plain), of(plain, tagged));
  control_values later;
  later.lifetime = std::chrono::hours{1};
  EXPECT_NE(of(plain), of(plain, later));
}

TEST(fingerprint, parts_do_not_run_into_each_other) {
  fingerprint_builder one;
  fingerprint_builder two;
  EXPECT_NE(one.add("ab").add("c").finish(), two.add("a").add("bc").finish());
}

}  // namespace
}  // namespace stellwerk::ingress
