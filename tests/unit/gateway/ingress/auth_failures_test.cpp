#include "gateway/ingress/auth_failures.hpp"

#include <gtest/gtest.h>

namespace stellwerk::ingress {
namespace {

using std::chrono::milliseconds;

const steady_point start{std::chrono::hours{1}};

TEST(auth_failures, delay_doubles_up_to_its_bound) {
  auth_failures failures;
  std::vector<long> delays;
  for (int i = 0; i < 8; ++i)
    delays.push_back(static_cast<long>(failures.record_failure("10.0.0.1", "a", start).count()));
  EXPECT_EQ(delays, (std::vector<long>{0, 0, 250, 500, 1000, 2000, 3000, 3000}));
}

TEST(auth_failures, addresses_and_accounts_count_each) {
  auth_failures failures;
  for (int i = 0; i < 4; ++i)
    EXPECT_GE(failures.record_failure("10.0.0.1", "account" + std::to_string(i), start), duration{0});
  EXPECT_EQ(failures.record_failure("10.0.0.1", "fresh", start), milliseconds{1000});  // the address has failed before
  EXPECT_EQ(failures.record_failure("10.0.0.2", "other", start), milliseconds{0});
  for (int i = 3; i < 6; ++i)
    static_cast<void>(failures.record_failure("10.0.0." + std::to_string(i), "victim", start));
  EXPECT_EQ(failures.record_failure("10.0.0.9", "victim", start), milliseconds{500});  // the account has
}

TEST(auth_failures, forgotten_after_a_while) {
  auth_failures failures;
  for (int i = 0; i < 5; ++i) static_cast<void>(failures.record_failure("10.0.0.1", "a", start));
  EXPECT_EQ(failures.record_failure("10.0.0.1", "a", start + std::chrono::minutes{16}), milliseconds{0});
}

TEST(auth_failures, memory_is_bounded_and_the_oldest_goes) {
  auth_failures failures{{.entries_max = 10}};
  for (int i = 0; i < 3; ++i) static_cast<void>(failures.record_failure("10.0.0.1", "a", start));
  for (int i = 0; i < 1000; ++i)
    static_cast<void>(failures.record_failure("10.1.0." + std::to_string(i), "b" + std::to_string(i), start));
  EXPECT_EQ(failures.record_failure("10.0.0.1", "a", start), milliseconds{0});
}

}  // namespace
}  // namespace stellwerk::ingress
