#include "base/net/tls.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/test_certificates.hpp"

namespace stellwerk::net {
namespace {

struct tls_test : testing::Test {
  system_clock time;
  test::test_certificates authority;
  test::certificate_files files = authority.issue("server", {});
};

TEST_F(tls_test, a_server_context_knows_when_its_certificate_ends) {
  const auto made = make_server_tls({files.certificate, files.key, ""}, time.now());
  ASSERT_TRUE(made);
  EXPECT_GT((*made)->not_after(), time.now() + std::chrono::minutes{50});
  EXPECT_LT((*made)->not_after(), time.now() + std::chrono::minutes{70});
}

TEST_F(tls_test, a_missing_file_is_named_by_its_part) {
  const auto made = make_server_tls({"/nonexistent/c.pem", files.key, ""}, time.now());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "tls.certificate: No such file or directory");
}

TEST_F(tls_test, a_key_of_another_certificate_is_refused) {
  const test::certificate_files other = authority.issue("other", {});
  const auto made = make_server_tls({files.certificate, other.key, ""}, time.now());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "tls.key: key values mismatch");
}

TEST_F(tls_test, an_expired_certificate_is_refused) {
  test::certificate_wish wish;
  wish.valid_until = -60;
  const test::certificate_files old = authority.issue("old", wish);
  EXPECT_FALSE(make_server_tls({old.certificate, old.key, ""}, time.now()));
  EXPECT_TRUE(make_server_tls({old.certificate, old.key, ""}, time.now() - std::chrono::minutes{30}));
}

TEST_F(tls_test, a_file_that_is_no_certificate_is_refused) {
  const std::string path = authority.directory() / "noise.pem";
  std::ofstream{path} << "not PEM\n";
  const auto made = make_server_tls({path, files.key, ""}, time.now());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "tls.certificate: no start line");
  EXPECT_FALSE(make_server_tls({files.certificate, files.key, path}, time.now()));
  EXPECT_FALSE(make_client_tls({tls_verification::chain_and_name, path}));
}

TEST_F(tls_test, the_system_store_is_the_default_of_a_client) {
  EXPECT_TRUE(make_client_tls({tls_verification::chain_and_name, ""}));
  const auto plain = make_client_tls({});
  ASSERT_TRUE(plain);
  EXPECT_EQ((*plain)->not_after(), time_point{});
}

}  // namespace
}  // namespace stellwerk::net
