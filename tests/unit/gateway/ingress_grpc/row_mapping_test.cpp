// Rows of the store as the service shows them.
#include "gateway/ingress/grpc/row_mapping.hpp"

#include <gtest/gtest.h>

#include "gateway/events/ledger_event.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;
constexpr time_point at{std::chrono::milliseconds{1'700'000'000'250}};

TEST(row_mapping, an_event_carries_its_cursor) {
  events::ledger_event event;
  event.kind = events::event_kind::disposition;
  event.at = at;
  event.recipient = "anna@example.org";
  event.stream = "marketing";
  event.state = "delivered";
  event.destination = "mailjet";
  event.vendor_message_id = "v1";
  const spool::ledger_row row{42, "acme", events::encode(event)};
  v1::WatchEventsResponse shown;
  ASSERT_TRUE(fill(shown, row));
  EXPECT_EQ(shown.cursor(), "42");
  EXPECT_EQ(shown.event().kind(), v1::Event::KIND_DISPOSITION);
  EXPECT_EQ(shown.event().state(), v1::RecipientState::STATE_DELIVERED);
  EXPECT_EQ(shown.event().traffic_stream(), v1::TRAFFIC_STREAM_MARKETING);
  EXPECT_EQ(shown.event().destination(), "mailjet");
  EXPECT_EQ(shown.event().vendor_message_id(), "v1");
}

TEST(row_mapping, a_row_that_is_no_event_is_passed_over) {
  v1::WatchEventsResponse shown;
  EXPECT_FALSE(fill(shown, {1, "acme", "\xff garbage"}));
}

}  // namespace
}  // namespace stellwerk::ingress::grpc
