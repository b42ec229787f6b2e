#include "adapters/smtp/opening_dialog.hpp"

#include <gtest/gtest.h>

#include "tests/unit/adapters/smtp/dialog_play.hpp"

namespace stellwerk::adapters::smtp {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;
using lines = std::vector<std::string>;

smtp_settings settings_for(tls_mode tls, bool with_auth = false) {
  smtp_settings settings;
  settings.tls = tls;
  settings.helo_name = "gw.example";
  if (with_auth) settings.auth = smtp_auth{.username = "user", .password = "secret"};
  return settings;
}

const std::string plain_credentials = "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n";

TEST(opening_dialog, clear_session_reads_the_features) {
  const smtp_settings settings = settings_for(tls_mode::off);
  opening_dialog dialog{settings, channel::clear};
  const auto seen = test::play(
      dialog, {"220 mx ESMTP", "250-mx\n250-PIPELINING\n250-size 1000\n250-8BITMIME\n250-SMTPUTF8\n250 DSN"});
  EXPECT_EQ(seen.writes, lines{"EHLO gw.example\r\n"});
  ASSERT_TRUE(dialog.ready());
  EXPECT_TRUE(dialog.features().pipelining);
  EXPECT_TRUE(dialog.features().eight_bit_mime);
  EXPECT_TRUE(dialog.features().smtputf8);
  EXPECT_TRUE(dialog.features().dsn);
  EXPECT_TRUE(dialog.features().size);
  EXPECT_EQ(dialog.features().size_max, 1000U);
}

// RFC 5321 section 3.2.
TEST(opening_dialog, a_peer_that_does_not_know_ehlo_is_greeted_with_helo) {
  for (const char* answer : {"500 5.5.1 what", "502 5.5.1 not implemented"}) {
    const smtp_settings settings = settings_for(tls_mode::opportunistic);
    opening_dialog dialog{settings, channel::clear};
    const auto seen = test::play(dialog, {"220 mx", answer, "250-mx\n250 PIPELINING"});
    EXPECT_EQ(seen.writes, (lines{"EHLO gw.example\r\n", "HELO gw.example\r\n"}));
    ASSERT_TRUE(dialog.ready());
    EXPECT_FALSE(dialog.features().pipelining) << "an answer to HELO offers nothing";
  }
}

TEST(opening_dialog, helo_is_no_way_around_tls_and_credentials) {
  for (const tls_mode mode : {tls_mode::required, tls_mode::verified}) {
    const smtp_settings settings = settings_for(mode);
    opening_dialog dialog{settings, channel::clear};
    static_cast<void>(test::play(dialog, {"220 mx", "502 5.5.1 no", "250 mx"}));
    EXPECT_FALSE(dialog.ready());
    EXPECT_EQ(dialog.failure().enhanced_status, "4.7.10");
  }
  const smtp_settings settings = settings_for(tls_mode::off, true);
  opening_dialog dialog{settings, channel::clear};
  static_cast<void>(test::play(dialog, {"220 mx", "502 5.5.1 no", "250 mx"}));
  EXPECT_EQ(dialog.failure().outcome, attempt_outcome::refused_account);
}

TEST(opening_dialog, another_refusal_of_ehlo_is_one_of_the_peer) {
  const smtp_settings settings = settings_for(tls_mode::off);
  opening_dialog dialog{settings, channel::clear};
  const auto seen = test::play(dialog, {"220 mx", "550 5.7.1 not you"});
  EXPECT_EQ(seen.writes.size(), 1U);
  EXPECT_FALSE(dialog.ready());
}

TEST(opening_dialog, mode_off_ignores_starttls) {
  const smtp_settings settings = settings_for(tls_mode::off);
  opening_dialog dialog{settings, channel::clear};
  const auto seen = test::play(dialog, {"220 mx", "250-mx\n250 STARTTLS"});
  EXPECT_EQ(seen.writes.size(), 1U);
  EXPECT_TRUE(dialog.ready());
}

TEST(opening_dialog, starttls_forgets_what_was_said_in_clear) {
  const smtp_settings settings = settings_for(tls_mode::required);
  opening_dialog dialog{settings, channel::clear};
  const auto seen = test::play(dialog, {"220 mx", "250-mx\n250-DSN\n250 STARTTLS", "220 go", "250-mx\n250 PIPELINING"});
  EXPECT_EQ(seen.writes, (lines{"EHLO gw.example\r\n", "STARTTLS\r\n", "<tls>", "EHLO gw.example\r\n"}));
  ASSERT_TRUE(dialog.ready());
  EXPECT_FALSE(dialog.features().dsn);
  EXPECT_TRUE(dialog.features().pipelining);
}

TEST(opening_dialog, opportunistic_without_an_offer_stays_clear) {
  const smtp_settings settings = settings_for(tls_mode::opportunistic);
  opening_dialog dialog{settings, channel::clear};
  static_cast<void>(test::play(dialog, {"220 mx", "250 mx"}));
  EXPECT_TRUE(dialog.ready());
}

// Catalogue P-027.
TEST(opening_dialog, required_without_an_offer_sends_nothing_in_clear) {
  for (const tls_mode mode : {tls_mode::required, tls_mode::verified}) {
    const smtp_settings settings = settings_for(mode, true);
    opening_dialog dialog{settings, channel::clear};
    const auto seen = test::play(dialog, {"220 mx", "250-mx\n250 AUTH PLAIN"});
    EXPECT_EQ(seen.writes, lines{"EHLO gw.example\r\n"});
    EXPECT_FALSE(dialog.ready());
    EXPECT_EQ(dialog.failure().outcome, attempt_outcome::deferred_destination);
    EXPECT_EQ(dialog.failure().stage, attempt_stage::starttls);
    EXPECT_EQ(dialog.failure().enhanced_status, "4.7.10");
  }
}

TEST(opening_dialog, refused_starttls_is_a_failure_of_tls) {
  const smtp_settings settings = settings_for(tls_mode::opportunistic);
  opening_dialog dialog{settings, channel::clear};
  static_cast<void>(test::play(dialog, {"220 mx", "250-mx\n250 STARTTLS", "454 4.7.0 no"}));
  EXPECT_FALSE(dialog.ready());
  EXPECT_TRUE(dialog.tls_failed());
  EXPECT_EQ(dialog.failure().outcome, attempt_outcome::deferred_destination);
  EXPECT_EQ(dialog.failure().code, 454);
}

TEST(opening_dialog, failed_handshake_counts_as_not_connected) {
  const smtp_settings settings = settings_for(tls_mode::verified);
  opening_dialog dialog{settings, channel::clear};
  for (const char* answer : {"220 mx", "250-mx\n250 STARTTLS", "220 go"}) {
    while (dialog.next().step == client_step::write) {
    }
    dialog.on_reply(test::reply_of(answer));
  }
  ASSERT_EQ(dialog.next().step, client_step::start_tls);
  dialog.on_tls_failed("certificate has expired");
  EXPECT_TRUE(dialog.failure().connect_class);
  EXPECT_EQ(dialog.failure().reply, "certificate has expired");
}

TEST(opening_dialog, no_greeting_counts_as_not_connected) {
  const smtp_settings settings = settings_for(tls_mode::off);
  opening_dialog dialog{settings, channel::clear};
  static_cast<void>(test::play(dialog, {}));
  EXPECT_EQ(dialog.failure().outcome, attempt_outcome::deferred_destination);
  EXPECT_EQ(dialog.failure().stage, attempt_stage::greeting);
  EXPECT_TRUE(dialog.failure().connect_class);
}

TEST(opening_dialog, refusals_before_the_envelope_are_the_destinations) {
  const std::vector<std::pair<attempt_stage, lines>> rows{
      {attempt_stage::greeting, {"554 5.3.2 no"}},
      {attempt_stage::greeting, {"421 4.3.2 no"}},
      {attempt_stage::ehlo, {"220 mx", "451 4.3.0 no"}},
      {attempt_stage::ehlo, {"220 mx", "550 5.0.0 no"}},
      {attempt_stage::ehlo, {"220 mx"}},
      {attempt_stage::starttls, {"220 mx", "250-mx\n250 STARTTLS", "554 5.0.0 no"}},
      {attempt_stage::starttls, {"220 mx", "250-mx\n250 STARTTLS"}},
  };
  for (const auto& [stage, replies] : rows) {
    const smtp_settings settings = settings_for(tls_mode::required);
    opening_dialog dialog{settings, channel::clear};
    static_cast<void>(test::play(dialog, replies));
    EXPECT_FALSE(dialog.ready());
    EXPECT_EQ(dialog.failure().outcome, attempt_outcome::deferred_destination);
    EXPECT_EQ(dialog.failure().stage, stage);
    EXPECT_FALSE(dialog.failure().connect_class);
  }
}

TEST(opening_dialog, auth_plain_inside_tls) {
  const smtp_settings settings = settings_for(tls_mode::required, true);
  opening_dialog dialog{settings, channel::clear};
  const auto seen =
      test::play(dialog, {"220 mx", "250-mx\n250 STARTTLS", "220 go", "250-mx\n250 AUTH LOGIN PLAIN", "235 2.7.0 in"});
  EXPECT_EQ(seen.writes.back(), plain_credentials);
  EXPECT_TRUE(dialog.ready());
}

TEST(opening_dialog, auth_plain_answers_a_peer_that_ignores_the_initial_response) {
  const smtp_settings settings = settings_for(tls_mode::off, true);
  opening_dialog dialog{settings, channel::clear};
  const auto seen = test::play(dialog, {"220 mx", "250-mx\n250 AUTH PLAIN", "334 ", "235 2.7.0 in"});
  EXPECT_EQ(seen.writes.back(), "AHVzZXIAc2VjcmV0\r\n");
  EXPECT_TRUE(dialog.ready());
}

TEST(opening_dialog, auth_login_where_plain_is_missing) {
  const smtp_settings settings = settings_for(tls_mode::required, true);
  opening_dialog dialog{settings, channel::encrypted};
  const auto seen =
      test::play(dialog, {"220 mx", "250-mx\n250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 in"});
  EXPECT_EQ(seen.writes, (lines{"EHLO gw.example\r\n", "AUTH LOGIN\r\n", "dXNlcg==\r\n", "c2VjcmV0\r\n"}));
  EXPECT_TRUE(dialog.ready());
}

TEST(opening_dialog, credentials_are_not_sent_in_clear_unless_tls_is_off) {
  const smtp_settings settings = settings_for(tls_mode::opportunistic, true);
  opening_dialog dialog{settings, channel::clear};
  const auto seen = test::play(dialog, {"220 mx", "250-mx\n250 AUTH PLAIN"});
  EXPECT_EQ(seen.writes, lines{"EHLO gw.example\r\n"});
  EXPECT_EQ(dialog.failure().outcome, attempt_outcome::deferred_destination);
  const smtp_settings off = settings_for(tls_mode::off, true);
  opening_dialog allowed{off, channel::clear};
  EXPECT_EQ(test::play(allowed, {"220 mx", "250-mx\n250 AUTH PLAIN", "235 in"}).writes.back(), plain_credentials);
}

TEST(opening_dialog, refused_credentials_are_the_accounts_matter) {
  for (const char* answer : {"530 5.7.0 no", "534 5.7.9 no", "535 5.7.8 no"}) {
    const smtp_settings settings = settings_for(tls_mode::off, true);
    opening_dialog dialog{settings, channel::clear};
    static_cast<void>(test::play(dialog, {"220 mx", "250-mx\n250 AUTH PLAIN", answer}));
    EXPECT_EQ(dialog.failure().outcome, attempt_outcome::refused_account);
    EXPECT_EQ(dialog.failure().stage, attempt_stage::auth);
  }
  const smtp_settings settings = settings_for(tls_mode::off, true);
  opening_dialog deferred{settings, channel::clear};
  static_cast<void>(test::play(deferred, {"220 mx", "250-mx\n250 AUTH PLAIN", "454 4.7.0 later"}));
  EXPECT_EQ(deferred.failure().outcome, attempt_outcome::deferred_destination);
}

TEST(opening_dialog, no_mechanism_that_we_speak_is_the_accounts_matter) {
  const smtp_settings settings = settings_for(tls_mode::off, true);
  opening_dialog dialog{settings, channel::clear};
  static_cast<void>(test::play(dialog, {"220 mx", "250-mx\n250 AUTH GSSAPI"}));
  EXPECT_EQ(dialog.failure().outcome, attempt_outcome::refused_account);
}

}  // namespace
}  // namespace stellwerk::adapters::smtp
