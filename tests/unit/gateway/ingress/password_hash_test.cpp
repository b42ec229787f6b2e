#include "gateway/ingress/password_hash.hpp"

#include <gtest/gtest.h>

namespace stellwerk::ingress {
namespace {

constexpr password_cost cheap{16, 1, 1};

// RFC 7914 section 12: P="password", S="NaCl", N=1024, r=8, p=16.
TEST(password_hash, vector_of_the_standard) {
  const std::string hash =
      "scrypt$1024$8$16$TmFDbA==$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/"
      "xCSedmDDaxyevuUqD7m2DYMvfoswGQA==";
  EXPECT_TRUE(verify_password(hash, "password"));
  EXPECT_FALSE(verify_password(hash, "Password"));
}

TEST(password_hash, what_is_printed_verifies) {
  const std::string hash = hash_password("s3cret\xc3\xa4", cheap);
  EXPECT_TRUE(hash.starts_with("scrypt$16$1$1$"));
  EXPECT_TRUE(verify_password(hash, "s3cret\xc3\xa4"));
  EXPECT_FALSE(verify_password(hash, "s3cret"));
  EXPECT_NE(hash_password("s3cret\xc3\xa4", cheap), hash);  // fresh salt
}

TEST(password_hash, what_does_not_parse_verifies_nothing) {
  const std::string good = hash_password("x", cheap);
  for (const std::string& bad :
       {std::string{}, std::string{"x"}, good.substr(0, 20), "bcrypt" + good.substr(6), good + "$",
        std::string{"scrypt$17$1$1$AAAA$AAAAAAAAAAAAAAAAAAAAAA=="},
        std::string{"scrypt$16777216$8$1$AAAA$AAAAAAAAAAAAAAAAAAAAAA=="}, std::string{"scrypt$16$1$1$AAAA$AA=="}}) {
    EXPECT_FALSE(cost_of_password_hash(bad)) << bad;
    EXPECT_FALSE(verify_password(bad, "x")) << bad;
  }
  EXPECT_EQ(cost_of_password_hash(good), cheap);
}

}  // namespace
}  // namespace stellwerk::ingress
