#include "gateway/ingress/smtp/reply_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stellwerk::ingress::smtp {
namespace {

std::string text_of(refusal_kind kind, std::string text = "why") {
  refusal out;
  out.kind = kind;
  out.text = std::move(text);
  return reply_for(out);
}

TEST(reply_for, each_kind_has_its_code) {
  EXPECT_EQ(text_of(refusal_kind::malformed), "550 5.6.0 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::too_large), "552 5.3.4 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::sender_not_allowed), "550 5.7.1 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::recipient_not_allowed), "550 5.7.1 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::rate), "450 4.7.1 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::policy), "550 5.7.1 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::idempotency_reused), "554 5.6.0 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::loop), "554 5.4.6 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::queue_full), "452 4.3.1 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::store_failed), "451 4.3.0 why\r\n");
  EXPECT_EQ(text_of(refusal_kind::draining), "421 4.3.2 why\r\n");
}

TEST(reply_for, a_text_cannot_make_a_second_reply) {
  EXPECT_THAT(text_of(refusal_kind::policy, "no\r\n250 yes"), testing::Not(testing::HasSubstr("\n250 ")));
}

}  // namespace
}  // namespace stellwerk::ingress::smtp
