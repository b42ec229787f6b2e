// Who a caller is.
#include "gateway/ingress/grpc/call_identity.hpp"

#include <gtest/gtest.h>

#include "base/sha256.hpp"

namespace stellwerk::ingress::grpc {
namespace {

door_settings_ptr two_clients() {
  client_config shop;
  shop.name = "shop";
  shop.token_hash = sha256_hex("let-me-in");
  client_config crm;
  crm.name = "crm";
  crm.certificate_names = {"crm.internal"};
  return std::make_shared<door_settings>(std::vector{shop, crm});
}

std::string who(std::string authorization, std::vector<std::string> names = {}) {
  const caller found = identify({std::move(authorization), std::move(names)}, two_clients());
  return found.known() ? found.client->name : "";
}

TEST(call_identity, a_bearer_token_names_its_client) {
  EXPECT_EQ(who("Bearer let-me-in"), "shop");
  EXPECT_EQ(who("bearer let-me-in "), "shop");
}

TEST(call_identity, no_or_wrong_or_other_credentials_are_nobody) {
  EXPECT_EQ(who(""), "");
  EXPECT_EQ(who("Bearer let-me-out"), "");
  EXPECT_EQ(who("Bearer "), "");
  EXPECT_EQ(who("Basic let-me-in"), "");
  EXPECT_EQ(who("let-me-in"), "");
}

TEST(call_identity, a_certificate_names_its_client) {
  EXPECT_EQ(who("", {"other.internal", "CRM.internal"}), "crm");
  EXPECT_EQ(who("", {"other.internal"}), "");
}

TEST(call_identity, a_wrong_token_is_not_repaired_by_a_certificate) {
  EXPECT_EQ(who("Bearer x", {"crm.internal"}), "");
}

TEST(call_identity, the_settings_live_as_long_as_the_caller) {
  const caller found = identify({"Bearer let-me-in", {}}, two_clients());
  ASSERT_TRUE(found.known());
  EXPECT_EQ(found.settings.use_count(), 1);
  EXPECT_EQ(found.client->tenant, "");
}

}  // namespace
}  // namespace stellwerk::ingress::grpc
