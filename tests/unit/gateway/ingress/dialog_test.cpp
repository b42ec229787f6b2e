// The dialog without I/O: order, memory between commands, what it asks its session to do. The wire is covered by
// tests/conformance/smtp.
#include "gateway/ingress/smtp/dialog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace stellwerk::ingress::smtp {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

door_settings_ptr settings_with(std::vector<client_config> clients) {
  ingress_settings values;
  values.node_name = "gw-1";
  smtp_listener_config listener;
  listener.name = "relay";
  listener.size_max = 5000;
  values.smtp = {listener};
  values.clients = std::move(clients);
  return make_door_settings(values, {}).settings;
}

client_config local_client() {
  client_config out;
  out.name = "local";
  out.networks = {"127.0.0.0/8"};
  return out;
}

struct dialog_test : testing::Test {
  door_pressure pressure;
  dialog subject{settings_with({local_client()}), "relay", "127.0.0.1", pressure};

  std::string say(std::string_view line, step expected = step::read_command, behind rest = behind::nothing) {
    EXPECT_EQ(subject.on_line(line, rest), expected) << line;
    return std::exchange(subject.output(), {});
  }
  void open_transaction() {
    say("EHLO x");
    say("MAIL FROM:<a@b.example>");
    say("RCPT TO:<c@d.example>");
  }
};

TEST_F(dialog_test, greets_with_the_name_of_the_node) {
  subject.greet();
  EXPECT_EQ(subject.output(), "220 gw-1 ESMTP\r\n");
}

TEST_F(dialog_test, a_transaction_ends_in_a_hand_over) {
  open_transaction();
  EXPECT_TRUE(subject.in_transaction());
  EXPECT_THAT(say("DATA", step::read_content), StartsWith("354 "));
  EXPECT_EQ(subject.on_content(mail::framing_fault::none), step::hand_over);
  const auto made = subject.take_submission(std::make_shared<const std::string>("x"));
  EXPECT_EQ(made.envelope.reverse_path, "a@b.example");
  EXPECT_EQ(made.envelope.recipients.size(), 1U);
  EXPECT_EQ(made.client, "local");
  EXPECT_EQ(made.listener, "relay");
  EXPECT_EQ(made.origin.helo, "x");
  EXPECT_EQ(made.origin.protocol, "ESMTP");
  refusal refused;
  refused.kind = refusal_kind::rate;
  EXPECT_EQ(subject.on_answer(refused), step::read_command);
  EXPECT_THAT(subject.output(), StartsWith("450 "));
  EXPECT_FALSE(subject.in_transaction());
}

TEST_F(dialog_test, helo_makes_a_plain_smtp_session) {
  EXPECT_EQ(say("HELO x"), "250 gw-1\r\n");
  say("MAIL FROM:<a@b.example>");
  say("RCPT TO:<c@d.example>");
  EXPECT_EQ(subject.take_submission(nullptr).origin.protocol, "SMTP");
}

TEST_F(dialog_test, a_framing_fault_ends_the_transaction_but_not_the_session) {
  open_transaction();
  say("DATA", step::read_content);
  EXPECT_EQ(subject.on_content(mail::framing_fault::bare_lf), step::read_command);
  EXPECT_THAT(subject.output(), StartsWith("550 5.5.2"));
  EXPECT_FALSE(subject.in_transaction());
}

TEST_F(dialog_test, a_refusal_because_of_draining_closes) {
  open_transaction();
  refusal refused;
  refused.kind = refusal_kind::draining;
  EXPECT_EQ(subject.on_answer(refused), step::close);
}

TEST_F(dialog_test, draining_ends_the_session_at_the_next_mail) {
  say("EHLO x");
  pressure.start_draining();
  EXPECT_THAT(say("MAIL FROM:<a@b.example>", step::close), StartsWith("421 4.3.2"));
}

TEST_F(dialog_test, a_refresh_changes_limits_and_identity) {
  say("EHLO x");
  client_config other = local_client();
  other.name = "other";
  other.size_max = 100;
  subject.refresh(settings_with({other}));
  EXPECT_EQ(subject.content_size_max(), 100U);
  EXPECT_THAT(say("MAIL FROM:<a@b.example> SIZE=101"), StartsWith("552 "));
  open_transaction();
  EXPECT_EQ(subject.client().name, "other");
}

TEST_F(dialog_test, a_refresh_without_this_door_changes_nothing) {
  const auto empty = make_door_settings(ingress_settings{}, {}).settings;
  subject.refresh(empty);
  open_transaction();
  EXPECT_EQ(subject.client().name, "local");
}

TEST_F(dialog_test, too_many_errors_close) {
  for (int i = 0; i < 20; ++i) EXPECT_THAT(say("WHAT"), StartsWith("500 "));
  EXPECT_THAT(say("WHAT", step::close), StartsWith("421 4.7.0"));
}

TEST_F(dialog_test, names_of_clients_are_needed_and_bounded) {
  EXPECT_THAT(say("EHLO"), StartsWith("501 "));
  EXPECT_THAT(say("EHLO two words"), StartsWith("501 "));
  EXPECT_THAT(say("EHLO " + std::string(256, 'x')), StartsWith("501 "));
  EXPECT_THAT(say("MAIL FROM:<a@b.example>"), StartsWith("503 "));
}

TEST_F(dialog_test, without_tls_there_is_neither_starttls_nor_auth) {
  const std::string offered = say("EHLO x");
  EXPECT_THAT(offered, testing::Not(HasSubstr("STARTTLS")));
  EXPECT_THAT(offered, testing::Not(HasSubstr("AUTH")));
  EXPECT_THAT(say("STARTTLS"), StartsWith("502 "));
  EXPECT_THAT(say("AUTH PLAIN AHgAeQ=="), StartsWith("538 "));
}

}  // namespace
}  // namespace stellwerk::ingress::smtp
