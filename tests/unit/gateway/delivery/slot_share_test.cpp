// Connections between two streams: what is guaranteed, lent, and never lent.
#include "gateway/delivery/slot_share.hpp"

#include <gtest/gtest.h>

namespace stellwerk::delivery {
namespace {

using mail::traffic_stream;

slot_share with_in_use(std::uint32_t transactional, std::uint32_t marketing) {
  slot_share out{stream_shares{}};
  for (std::uint32_t i = 0; i < transactional; ++i) out.take(traffic_stream::transactional);
  for (std::uint32_t i = 0; i < marketing; ++i) out.take(traffic_stream::marketing);
  return out;
}

TEST(slot_share, a_stream_alone_has_all_but_what_is_never_lent) {
  EXPECT_EQ(with_in_use(0, 0).room(traffic_stream::transactional, 20, false), 20U);
  EXPECT_EQ(with_in_use(0, 0).room(traffic_stream::marketing, 20, false), 18U);
  EXPECT_EQ(with_in_use(0, 18).room(traffic_stream::marketing, 20, false), 0U);
  EXPECT_EQ(with_in_use(0, 18).room(traffic_stream::transactional, 20, false), 2U);
  EXPECT_EQ(with_in_use(0, 0).room(traffic_stream::marketing, 1, false), 1U)
      << "of one connection nothing is kept free";
}

TEST(slot_share, what_the_other_is_guaranteed_stays_free_for_it_while_it_waits) {
  EXPECT_EQ(with_in_use(0, 0).room(traffic_stream::marketing, 20, true), 10U);
  EXPECT_EQ(with_in_use(0, 10).room(traffic_stream::marketing, 20, true), 0U);
  EXPECT_EQ(with_in_use(4, 10).room(traffic_stream::marketing, 20, true), 0U);
  EXPECT_EQ(with_in_use(0, 0).room(traffic_stream::transactional, 20, true), 18U);
  EXPECT_EQ(with_in_use(18, 0).room(traffic_stream::transactional, 20, true), 0U);
  EXPECT_EQ(with_in_use(2, 18).room(traffic_stream::transactional, 20, true), 0U)
      << "lent, and taken back as it is freed";
  EXPECT_EQ(with_in_use(2, 17).room(traffic_stream::transactional, 20, true), 1U);
}

// The dispatcher takes as many messages from a lane as there is room, and reserves for one after the other.
TEST(slot_share, whoever_takes_what_there_is_room_for_is_refused_none_of_it) {
  for (std::uint32_t allowed = 0; allowed <= 12; ++allowed) {
    for (std::uint32_t first = 0; first <= allowed; ++first) {
      for (std::uint32_t second = 0; first + second <= allowed; ++second) {
        for (const traffic_stream stream : mail::all_traffic_streams) {
          for (const bool other_waits : {false, true}) {
            slot_share share = with_in_use(first, second);
            for (std::uint32_t left = share.room(stream, allowed, other_waits); left > 0; --left) {
              ASSERT_EQ(share.room(stream, allowed, other_waits), left);
              share.take(stream);
            }
            EXPECT_EQ(share.room(stream, allowed, other_waits), 0U);
            EXPECT_LE(share.in_use(), allowed);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace stellwerk::delivery
