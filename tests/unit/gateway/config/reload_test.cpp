// What a running gateway cannot change keeps its value and is named; everything else applies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway/config/loader.hpp"

namespace stellwerk::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string doors =
    "ingress: {smtp: [{name: legacy, address: 127.0.0.1:2525}, {name: other, address: 127.0.0.1:2526}], grpc: "
    "{address: 127.0.0.1:50051}}\n";

TEST(keep_until_restart, an_equal_file_needs_none) {
  const auto now = loader{}.good(small_file(doors));
  auto next = loader{}.good(small_file(doors));
  EXPECT_THAT(config::keep_until_restart(now, next), IsEmpty());
}

TEST(keep_until_restart, every_path_is_named_and_keeps_its_value) {
  const auto now = loader{}.good(small_file(doors));
  auto next = loader{}.good(
      small_file("node: {name: gw-2, data_directory: elsewhere}\nspool: {bytes_max: 1GB}\nhistory: {retention: "
                 "1h}\ndelivery: {dsn_per_hour: 7}\n"
                 "http: {admin: {address: 127.0.0.1:1}}\n"
                 "ingress: {smtp: [{name: legacy, address: 127.0.0.1:1}, {name: other, address: 127.0.0.1:2526}],"
                 " grpc: {address: 127.0.0.1:1, size_max: 30MB, reflection: false, streams_max: 1}}\n"));
  EXPECT_THAT(config::keep_until_restart(now, next),
              ElementsAre("node.name", "node.data_directory", "spool.bytes_max", "history.retention",
                          "ingress.smtp[0].address", "ingress.grpc.address", "ingress.grpc.size_max",
                          "ingress.grpc.streams_max", "ingress.grpc.reflection", "http.admin.address", "delivery"));
  EXPECT_EQ(next.node.name, "machine");
  EXPECT_EQ(next.ingress.node_name, "machine");
  EXPECT_EQ(next.destinations[0].smtp.helo_name, "machine");
  EXPECT_EQ(next.spool, now.spool);
  EXPECT_EQ(next.delivery, now.delivery);
  EXPECT_EQ(next.ingress.smtp[0].address, "127.0.0.1:2525");
  EXPECT_EQ(next.ingress.grpc.address, "127.0.0.1:50051");
  EXPECT_EQ(next.http.admin_address, "127.0.0.1:9090");
}

TEST(keep_until_restart, the_rest_applies) {
  const auto now = loader{}.good(small_file(doors));
  auto next =
      loader{}.good(small_file("log: {level: debug}\nclients: [{name: new, networks: [10.0.0.0/8]}]\n"
                               "ingress: {smtp: [{name: legacy, address: 127.0.0.1:1, size_max: 1MB}, {name: other, "
                               "address: 127.0.0.1:2526, size_max: 1MB}],"
                               " grpc: {address: 127.0.0.1:50051, size_max: 1MB}}\n"));
  EXPECT_THAT(config::keep_until_restart(now, next), ElementsAre("ingress.smtp[0].address"));
  EXPECT_EQ(next.log_level, "debug");
  EXPECT_EQ(next.ingress.clients.size(), 1U);
  EXPECT_EQ(next.ingress.smtp[0].size_max, 25'000'000U) << "of a listener that is another";
  EXPECT_EQ(next.ingress.smtp[1].size_max, 1'000'000U);
  EXPECT_EQ(next.ingress.grpc.size_max, 1'000'000U);
}

TEST(keep_until_restart, a_listener_more_or_less_keeps_them_all) {
  const auto now = loader{}.good(small_file(doors));
  auto next = loader{}.good(
      small_file("ingress: {smtp: [{name: legacy, address: 127.0.0.1:2525}], grpc: {address: 127.0.0.1:50051}}\n"));
  EXPECT_THAT(config::keep_until_restart(now, next), ElementsAre("ingress.smtp"));
  EXPECT_EQ(next.ingress.smtp.size(), 2U);
}

}  // namespace
}  // namespace stellwerk::test
