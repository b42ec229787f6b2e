#include <gmock/gmock.h>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "tests/unit/gateway/admin/admin_fixture.hpp"

namespace stellwerk::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

class suppression_service_test : public admin_fixture {
 protected:
  json::object add(json::object suppression) {
    return call("SuppressionService/AddSuppressions",
                {{"suppressions", json::array{std::move(suppression)}}, {"reason", "ticket 4711"}});
  }
  json::array list(const json::object& request = {}) {
    const auto answer = call("SuppressionService/ListSuppressions", request);
    return answer.contains("suppressions") ? answer.at("suppressions").as_array() : json::array{};
  }
  std::string refusal_of(json::object suppression) {
    const json::object request{{"suppressions", json::array{std::move(suppression)}}, {"reason", "ticket 4711"}};
    const auto response = post("SuppressionService/AddSuppressions", json::serialize(request));
    EXPECT_EQ(response.status, 400) << response.body;
    return response.body;
  }
};

TEST_F(suppression_service_test, what_is_added_is_listed_with_its_defaults) {
  open();
  EXPECT_EQ(add({{"address", "Ada@EXAMPLE.org"}}).at("added"), "1");
  ASSERT_EQ(list().size(), 1U);
  const json::object shown = list().front().as_object();
  EXPECT_EQ(shown.at("address"), "ada@example.org");
  EXPECT_EQ(shown.at("scope"), "all");
  EXPECT_EQ(shown.at("reason"), "manual");
  EXPECT_EQ(shown.at("source"), "operator");
  EXPECT_EQ(shown.at("note"), "ticket 4711");
  EXPECT_EQ(parse_rfc3339(shown.at("createTime").as_string()), clock_.now());
  EXPECT_FALSE(shown.contains("tenant"));
  EXPECT_FALSE(shown.contains("expireTime"));
  EXPECT_EQ(add({{"address", "ada@example.org"}}).at("replaced"), "1");
}

TEST_F(suppression_service_test, who_unsubscribes_still_gets_the_bill) {
  open();
  add({{"address", "ada@example.org"}, {"reason", "unsubscribe"}});
  EXPECT_EQ(list().front().at("scope"), "marketing");
  add({{"address", "bob@example.org"}, {"reason", "unsubscribe"}, {"scope", "all"}});
  EXPECT_EQ(list().back().at("scope"), "all");
}

TEST_F(suppression_service_test, it_is_in_force_with_the_answer) {
  open();
  add({{"address", "ada@example.org"}});
  submit({"ada@example.org"}, [](auto& request) { request.message.dsn_allowed = false; });
  EXPECT_TRUE(runner_.attempts.empty());
  const json::object gone{{"suppressions", json::array{json::object{{"address", "ada@example.org"}}}},
                          {"reason", "asked to"}};
  EXPECT_EQ(call("SuppressionService/RemoveSuppressions", gone).at("removed"), "1");
  EXPECT_EQ(call("SuppressionService/RemoveSuppressions", gone).at("absent"), "1");
  EXPECT_TRUE(list().empty());
  submit({"ada@example.org"});
  EXPECT_EQ(runner_.attempts.size(), 1U);
}

TEST_F(suppression_service_test, an_explanation_names_it_whatever_is_assumed) {
  open();
  add({{"address", "ada@example.org"}, {"reason", "complaint"}});
  const std::string letter = base64_encode("From: a@shop.example\nTo: Ada@example.org\nSubject: Hello\n\nHello\n");
  const json::object assume{{"destinations", json::object{{"mailjet", json::object{{"state", "open"}}}}}};
  for (const json::object& request :
       {json::object{{"message", letter}}, json::object{{"message", letter}, {"assume", assume}}}) {
    const auto explanation = call("PolicyService/ExplainMessage", request).at("explanation").as_object();
    const auto& decision = explanation.at("decisions").as_array()[0];
    EXPECT_EQ(decision.at("action"), "suppress");
    EXPECT_EQ(decision.at("action_reason"), "suppression:complaint");
    ASSERT_EQ(decision.at("candidates").as_array().size(), 2U);
    for (const auto& one : decision.at("candidates").as_array()) {
      EXPECT_EQ(one.at("verdict"), "filtered");
      EXPECT_EQ(one.at("reason"), "invariant");
      EXPECT_EQ(one.at("invariant"), "suppression");
      EXPECT_EQ(one.at("detail"), "complaint");
    }
  }
}

TEST_F(suppression_service_test, what_is_wrong_is_said_and_nothing_of_the_call_is_done) {
  open();
  EXPECT_THAT(refusal_of({{"address", "nobody"}}), HasSubstr("suppressions[0].address"));
  EXPECT_THAT(refusal_of({{"address", "a@x.example"}, {"scope", "news"}}), HasSubstr("suppressions[0].scope"));
  EXPECT_THAT(refusal_of({{"address", "a@x.example"}, {"reason", "spite"}}), HasSubstr("suppressions[0].reason"));
  EXPECT_THAT(refusal_of({{"address", "a@x.example"}, {"tenant", "acne"}}), HasSubstr("no client has it"));
  EXPECT_THAT(refusal_of({{"address", "a@x.example"}, {"tenant", "ac\nme"}}), HasSubstr("suppressions[0].tenant"));
  EXPECT_THAT(refusal_of({{"address", "a@x.example"}, {"source", std::string(201, 'x')}}), HasSubstr("source"));
  EXPECT_THAT(refusal_of({{"address", "a@x.example"}, {"note", std::string(201, 'x')}}), HasSubstr("note"));
  EXPECT_THAT(refusal_of({{"address", "a@x.example"}, {"expireTime", to_rfc3339(clock_.now())}}),
              HasSubstr("has passed"));
  const json::array two{json::object{{"address", "a@x.example"}}, json::object{{"address", "b"}}};
  const auto half =
      post("SuppressionService/AddSuppressions", json::serialize(json::object{{"suppressions", two}, {"reason", "x"}}));
  EXPECT_THAT(half.body, HasSubstr("suppressions[1].address"));
  const json::array many(1001, json::value(json::object{{"address", "a@x.example"}}));
  const auto full = post("SuppressionService/AddSuppressions",
                         json::serialize(json::object{{"suppressions", many}, {"reason", "x"}}));
  EXPECT_THAT(full.body, HasSubstr("at most 1000"));
  EXPECT_EQ(fault("SuppressionService/AddSuppressions", R"({"suppressions": [{"address": "a@x.example"}]})", 400),
            "invalid_argument")
      << "a reason is needed";
  EXPECT_EQ(fault("SuppressionService/AddSuppressions", R"({"reason": "x"})", 400), "invalid_argument");
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(audited_, "");
}

TEST_F(suppression_service_test, it_is_written_down_first_without_the_address) {
  open();
  add({{"address", "ada.lovelace@example.org"}, {"tenant", "acme"}});
  EXPECT_THAT(audited_, HasSubstr("suppression.add"));
  EXPECT_THAT(audited_, HasSubstr("ticket 4711"));
  EXPECT_THAT(audited_, HasSubstr(sha256_hex("ada.lovelace@example.org")));
  EXPECT_THAT(audited_, Not(HasSubstr("lovelace@")));
  for (const std::string& line : log_.lines) EXPECT_THAT(line, Not(HasSubstr("lovelace@")));
  audit_fails_ = true;
  const json::object request{{"suppressions", json::array{json::object{{"address", "bob@example.org"}}}},
                             {"reason", "x"}};
  EXPECT_EQ(fault("SuppressionService/AddSuppressions", json::serialize(request), 503), "unavailable");
  EXPECT_EQ(list().size(), 1U) << "what cannot be written down is not done";
}

TEST_F(suppression_service_test, lists_are_filtered_and_paged) {
  open();
  for (const char* address : {"a@x.example", "b@x.example", "c@x.example"}) add({{"address", address}});
  add({{"address", "b@x.example"},
       {"tenant", "acme"},
       {"expireTime", to_rfc3339(clock_.now() + std::chrono::hours{1})}});
  EXPECT_EQ(list({{"address", "B@x.example"}}).size(), 2U);
  EXPECT_EQ(list({{"tenant", "acme"}}).size(), 1U);
  json::object request{{"pageSize", 2}};
  std::size_t seen = 0;
  for (int page = 0; page < 5; ++page) {
    const auto answer = call("SuppressionService/ListSuppressions", request);
    if (answer.contains("suppressions")) seen += answer.at("suppressions").as_array().size();
    if (!answer.contains("nextPageToken")) break;
    request["pageToken"] = answer.at("nextPageToken");
  }
  EXPECT_EQ(seen, 4U);
  clock_.advance(std::chrono::hours{2});
  EXPECT_EQ(list().size(), 3U) << "what has expired is not shown";
  EXPECT_EQ(fault("SuppressionService/ListSuppressions", R"({"pageToken": "eA=="})", 400), "invalid_argument");
  EXPECT_EQ(fault("SuppressionService/ListSuppressions", R"({"pageSize": 1001})", 400), "invalid_argument");
  EXPECT_EQ(fault("SuppressionService/ListSuppressions", R"({"address": "x"})", 400), "invalid_argument");
}

}  // namespace
}  // namespace stellwerk::admin
