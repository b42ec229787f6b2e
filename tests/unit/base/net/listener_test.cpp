#include "base/net/listener.hpp"

#include <ctime>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/net/tcp_connector.hpp"
#include "base/net/unused_address.hpp"
#include "tests/support/run_for_test.hpp"

namespace stellwerk::net {
namespace {

using std::chrono::milliseconds;

struct listener_test : testing::Test {
  result<std::unique_ptr<stream>> connect(std::uint16_t port) {
    connect_options options;
    options.deadline = std::chrono::steady_clock::now() + milliseconds{5000};
    return test::run_for_test(context, outside.connect("127.0.0.1", port, options));
  }

  async::io_context context{1};
  system_clock time;
  async::blocking_pool pool{1, 16, "test"};
  resolver names{context.get_executor(), pool, time};
  tcp_connector outside{context.get_executor(), names};
  std::vector<std::unique_ptr<stream>> accepted;
  std::vector<error> troubles;
  listener door{context.get_executor(), [this](std::unique_ptr<stream> made) { accepted.push_back(std::move(made)); },
                [this](const error& trouble) { troubles.push_back(trouble); }};
};

TEST_F(listener_test, port_zero_becomes_a_free_port) {
  const auto bound = door.open({"127.0.0.1", 0});
  ASSERT_TRUE(bound);
  EXPECT_NE(bound->port, 0);
  EXPECT_EQ(door.local(), *bound);
}

TEST_F(listener_test, several_may_share_a_port) {
  const auto bound = door.open({"127.0.0.1", 0});
  listener second{context.get_executor(), [](std::unique_ptr<stream>) {}, nullptr};
  EXPECT_TRUE(second.open({"127.0.0.1", bound->port}));
}

TEST_F(listener_test, an_address_that_others_listen_on_is_in_use_although_it_could_be_shared) {
  listener first{context.get_executor(), [](std::unique_ptr<stream>) {}, nullptr};
  const auto bound = first.open({"127.0.0.1", 0});
  ASSERT_TRUE(bound);
  EXPECT_FALSE(check_unused(*bound));
  first.stop();
  EXPECT_TRUE(check_unused(*bound));
  EXPECT_TRUE(check_unused({"127.0.0.1", 0}));
}

TEST_F(listener_test, an_address_that_is_not_ours_cannot_be_bound) {
  const auto bound = door.open({"192.0.2.1", 0});
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, boost::system::errc::address_not_available);
}

TEST_F(listener_test, connections_come_with_their_addresses) {
  const auto bound = door.open({"127.0.0.1", 0});
  door.start();
  const auto one = connect(bound->port);
  const auto two = connect(bound->port);
  ASSERT_TRUE(one && two);
  ASSERT_TRUE(test::run_until(context, [this] { return accepted.size() == 2; }));
  EXPECT_EQ(accepted[0]->peer(), (*one)->local());
  EXPECT_EQ(accepted[1]->peer(), (*two)->local());
}

TEST_F(listener_test, a_handler_that_throws_loses_its_connection_only) {
  int calls = 0;
  listener fragile{context.get_executor(),
                   [&](std::unique_ptr<stream> made) {
                     if (++calls == 1) throw std::bad_alloc{};
                     accepted.push_back(std::move(made));
                   },
                   [this](const error& trouble) { troubles.push_back(trouble); }};
  const auto bound = fragile.open({"127.0.0.1", 0});
  fragile.start();
  const auto one = connect(bound->port);
  const auto two = connect(bound->port);
  EXPECT_TRUE(test::run_until(context, [this] { return accepted.size() == 1; }));
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_TRUE(troubles[0].is(errc::limit_reached));
}

TEST_F(listener_test, nothing_is_accepted_after_the_stop) {
  const auto bound = door.open({"127.0.0.1", 0});
  door.start();
  context.poll();
  door.stop();
  EXPECT_FALSE(connect(bound->port));
  EXPECT_TRUE(accepted.empty());
  EXPECT_TRUE(troubles.empty());
}

// Takes every descriptor the process may still open, under a low limit.
class no_descriptors {
 public:
  no_descriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &low);
    for (int taken = ::open("/dev/null", O_RDONLY); taken >= 0; taken = ::open("/dev/null", O_RDONLY)) {
      taken_.push_back(taken);
    }
  }
  ~no_descriptors() {
    for (const int one : taken_) ::close(one);
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  no_descriptors(const no_descriptors&) = delete;
  no_descriptors& operator=(const no_descriptors&) = delete;
  void free_one() {
    ::close(taken_.back());
    taken_.pop_back();
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST_F(listener_test, without_descriptors_it_waits_quietly_and_recovers) {
  const auto bound = door.open({"127.0.0.1", 0});
  door.start();
  context.poll();
  {
    no_descriptors shortage;
    shortage.free_one();
    ASSERT_TRUE(connect(bound->port)) << "the client's own socket";
    shortage.free_one();
    const auto second = connect(bound->port);  // takes the last one; accepting has none
    ASSERT_TRUE(second);
    const std::clock_t cpu_before = std::clock();
    EXPECT_FALSE(test::run_until(
        context, [this] { return accepted.size() == 2; }, milliseconds{350}));
    EXPECT_LT(static_cast<double>(std::clock() - cpu_before) / CLOCKS_PER_SEC, 0.15);
    EXPECT_GE(troubles.size(), 2U);
    EXPECT_LE(troubles.size(), 6U);
    EXPECT_EQ(troubles.front().code, boost::system::errc::too_many_files_open);
  }
  EXPECT_TRUE(test::run_until(context, [this] { return accepted.size() == 2; }));
}

}  // namespace
}  // namespace stellwerk::net
