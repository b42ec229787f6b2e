// The admin side as an HTTP client sees it, on a real dispatcher and store.
#include "gateway/admin/admin_handler.hpp"

#include <gmock/gmock.h>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "tests/unit/gateway/admin/admin_fixture.hpp"

namespace stellwerk::admin {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

using admin_handler = admin_fixture;

TEST_F(admin_handler, metrics_are_in_the_text_format) {
  open();
  const auto response = get("/metrics?x=1");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, "stellwerk_x 1\n");
}

TEST_F(admin_handler, livez_follows_the_loops) {
  open();
  EXPECT_EQ(get("/livez").status, 200);
  alive_ = false;
  EXPECT_EQ(get("/livez").status, 503);
}

TEST_F(admin_handler, readyz_says_why_not) {
  open();
  EXPECT_EQ(get("/readyz").status, 200);
  readiness_ = {false, {"store_full", "draining"}};
  const auto response = get("/readyz");
  EXPECT_EQ(response.status, 503);
  const auto body = json::parse(response.body).as_object();
  EXPECT_EQ(body.at("ready"), false);
  EXPECT_EQ(body.at("reasons"), (json::array{"store_full", "draining"}));
}

TEST_F(admin_handler, unknown_paths_and_wrong_methods_and_types) {
  open();
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(post("QueueService/Nothing", "{}").status, 404);
  EXPECT_EQ(get("/stellwerk.v1.QueueService/ListMessages").status, 405);
  EXPECT_EQ(get("/stellwerk.v1.QueueService/ListMessages").field("Allow"), "POST");
  net::http_request request;
  request.method = "POST";
  for (const char* path : {"/metrics", "/livez", "/readyz"}) {
    request.target = path;
    EXPECT_EQ(ask(request).status, 405) << path;
  }
  // A form of another site's page cannot reach the services.
  request.target = "/stellwerk.v1.QueueService/ListMessages";
  request.body = "{}";
  request.fields = {{"Content-Type", "text/plain"}};
  EXPECT_EQ(ask(request).status, 415);
  request.fields = {{"content-type", "application/json; charset=utf-8"}};
  EXPECT_EQ(ask(request).status, 200);
}

TEST_F(admin_handler, a_body_that_is_not_the_requests_json_is_an_invalid_argument) {
  open();
  for (const char* body : {"{", "[]", "{\"stat\": \"held\"}", "{\"pageSize\": \"many\"}", "{\"pageSize\": -1}",
                           "{\"state\": \"asleep\"}", "{\"pageToken\": \"x\"}", "{\"trafficStream\": 9}"}) {
    EXPECT_EQ(fault("QueueService/ListMessages", body, 400), "invalid_argument") << body;
  }
}

TEST_F(admin_handler, a_token_is_asked_for_everywhere_but_at_the_probes) {
  token_hash_ = sha256_hex("open sesame");
  open();
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/metrics").status, 401);
  EXPECT_EQ(fault("QueueService/ListMessages", "{}", 401), "unauthenticated");
  net::http_request request;
  request.target = "/metrics";
  request.fields = {{"Authorization", "Bearer open sesam"}};
  EXPECT_EQ(ask(request).status, 401);
  request.fields = {{"Authorization", "Basic open sesame"}};
  EXPECT_EQ(ask(request).status, 401);
  request.fields = {{"Authorization", "Bearer open sesame"}};
  EXPECT_EQ(ask(request).status, 200);
  request.fields.clear();
  request.peer_certificate_subject = "CN=operator";
  EXPECT_EQ(ask(request).status, 200);
}

TEST_F(admin_handler, open_messages_are_listed_and_finished_ones_when_asked_for) {
  open();
  const queue_id waiting = deferred_message();
  const queue_id done = submit({"bob@example.net"});
  answer({delivery::outcome_of(mail::attempt_outcome::delivered)});
  const auto all_open = call("QueueService/ListMessages", {});
  ASSERT_THAT(all_open.at("recipients").as_array(), SizeIs(1));
  const json::value& row = all_open.at("recipients").as_array()[0];
  EXPECT_EQ(row.at("queueId").as_string(), waiting.to_string());
  EXPECT_EQ(row.at("tenant"), "acme");
  EXPECT_EQ(row.at("trafficStream"), "TRAFFIC_STREAM_TRANSACTIONAL");
  EXPECT_EQ(row.at("recipient").at("state"), "STATE_DEFERRED");
  EXPECT_EQ(row.at("recipient").at("attempts").as_array()[0].at("outcome"), "deferred_recipient");
  const auto finished = call("QueueService/ListMessages", {{"state", "delivered"}});
  ASSERT_THAT(finished.at("recipients").as_array(), SizeIs(1));
  EXPECT_EQ(finished.at("recipients").as_array()[0].at("queueId").as_string(), done.to_string());
  EXPECT_FALSE(call("QueueService/ListMessages", {{"recipientDomain", "nowhere.example"}}).contains("recipients"));
  EXPECT_FALSE(
      call("QueueService/ListMessages", {{"trafficStream", "TRAFFIC_STREAM_MARKETING"}}).contains("recipients"));
}

TEST_F(admin_handler, a_long_list_comes_in_pages_each_message_once) {
  open();
  std::set<std::string> expected;
  for (int i = 0; i < 7; ++i) expected.insert(deferred_message().to_string());
  std::set<std::string> seen;
  std::string token;
  int pages = 0;
  do {
    const auto page = call("QueueService/ListMessages", {{"pageSize", 3}, {"pageToken", token}});
    ++pages;
    if (page.contains("recipients")) {
      for (const auto& row : page.at("recipients").as_array())
        EXPECT_TRUE(seen.insert(std::string{row.at("queueId").as_string()}).second);
    }
    token = page.contains("nextPageToken") ? std::string{page.at("nextPageToken").as_string()} : "";
  } while (!token.empty() && pages < 10);
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(pages, 3);
}

TEST_F(admin_handler, one_message_is_shown_whole) {
  open();
  const queue_id id = deferred_message();
  const auto shown = call("QueueService/GetMessage", {{"queueId", id.to_string()}});
  EXPECT_EQ(shown.at("client"), "shop");
  EXPECT_EQ(shown.at("reversePath"), "sender@shop.example");
  EXPECT_EQ(shown.at("ingress"), "smtp");
  EXPECT_EQ(shown.at("recipients").as_array()[0].at("recipient"), "anna@example.org");
  EXPECT_EQ(fault("QueueService/GetMessage", R"({"queueId": "01BX5ZZKBKACTAV9WEVGEMMVRZ"})", 404), "not_found");
  EXPECT_EQ(fault("QueueService/GetMessage", R"({"queueId": "x"})", 400), "invalid_argument");
}

TEST_F(admin_handler, operations_change_the_queue_and_are_logged) {
  open();
  const queue_id id = deferred_message();
  const json::object order{{"queueIds", json::array{id.to_string()}}, {"reason", "customer called"}};
  const auto state_after = [&](const std::string& method) {
    const auto rows = call("QueueService/" + method, order).at("recipients").as_array();
    EXPECT_THAT(rows, SizeIs(1));
    return std::string{rows[0].at("recipient").at("state").as_string()};
  };
  EXPECT_EQ(state_after("HoldMessages"), "STATE_HELD");
  EXPECT_EQ(row(id).state, mail::recipient_state::held);
  EXPECT_EQ(state_after("ReleaseMessages"), "STATE_READY");
  settle();
  answer({delivery::outcome_of(mail::attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
  EXPECT_EQ(state_after("RetryMessages"), "STATE_READY");
  settle();
  answer({delivery::outcome_of(mail::attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
  EXPECT_EQ(state_after("CancelMessages"), "STATE_CANCELLED");
  EXPECT_EQ(row(id).state, mail::recipient_state::cancelled);
  EXPECT_EQ(state_after("CancelMessages"), "STATE_CANCELLED") << "a second time tells the state";
  ASSERT_THAT(log_.lines, SizeIs(5));
  EXPECT_THAT(log_.lines[0], HasSubstr("operator_action"));
  EXPECT_THAT(log_.lines[0], HasSubstr(id.to_string()));
  EXPECT_THAT(log_.lines[0], HasSubstr("customer called"));
  EXPECT_THAT(log_.lines[0], HasSubstr("192.0.2.7"));
}

TEST_F(admin_handler, scheduled_mail_is_cancelled_before_its_time) {
  open();
  const queue_id id = submit({"anna@example.org"},
                             [&](auto& request) { request.message.send_at = clock_.now() + std::chrono::hours{1}; });
  ASSERT_EQ(row(id).state, mail::recipient_state::scheduled);
  call("QueueService/CancelMessages", {{"queueIds", json::array{id.to_string()}}, {"reason", "too early"}});
  EXPECT_EQ(row(id).state, mail::recipient_state::cancelled);
  pass(std::chrono::hours{2});
  EXPECT_TRUE(runner_.attempts.empty());
}

TEST_F(admin_handler, operations_need_a_reason_and_messages_that_exist) {
  open();
  const queue_id id = deferred_message();
  const auto order = [](const std::vector<std::string>& ids, const std::string& reason) {
    return json::serialize(json::object{{"queueIds", json::array(ids.begin(), ids.end())}, {"reason", reason}});
  };
  EXPECT_EQ(fault("QueueService/HoldMessages", order({id.to_string()}, ""), 400), "invalid_argument");
  EXPECT_EQ(fault("QueueService/HoldMessages", order({}, "why"), 400), "invalid_argument");
  EXPECT_EQ(fault("QueueService/HoldMessages", order({"x"}, "why"), 400), "invalid_argument");
  EXPECT_EQ(fault("QueueService/HoldMessages", order({id.to_string(), "01BX5ZZKBKACTAV9WEVGEMMVRZ"}, "why"), 404),
            "not_found");
  EXPECT_EQ(row(id).state, mail::recipient_state::deferred) << "one missing: nothing is done";
  EXPECT_TRUE(log_.lines.empty());
}

TEST_F(admin_handler, destinations_are_listed_drained_suspended_and_resumed) {
  open();
  const auto listed = call("DestinationService/ListDestinations", {});
  ASSERT_THAT(listed.at("destinations").as_array(), SizeIs(2));
  const auto state_after = [&](const std::string& method, const json::object& body) {
    return std::string{call("DestinationService/" + method, body).at("destination").at("state").as_string()};
  };
  const json::object order{{"name", "onprem"}, {"reason", "maintenance"}};
  EXPECT_EQ(state_after("DrainDestination", order), "drained");
  EXPECT_EQ(state_after("ResumeDestination", order), "closed");
  auto for_a_while = order;
  for_a_while["duration"] = "60s";
  EXPECT_EQ(state_after("SuspendDestination", for_a_while), "suspended");
  const auto suspended = call("DestinationService/ListDestinations", {}).at("destinations").as_array()[1].as_object();
  EXPECT_EQ(parse_rfc3339(std::string{suspended.at("suspendedUntil").as_string()}),
            clock_.now() + std::chrono::seconds{60});
  EXPECT_EQ(suspended.at("operatorReason"), "maintenance");
  pass(std::chrono::seconds{61});
  EXPECT_EQ(call("DestinationService/ListDestinations", {}).at("destinations").as_array().size(), 2U);
  ASSERT_THAT(log_.lines, SizeIs(3));
  EXPECT_THAT(log_.lines[2], HasSubstr("suspend"));
  EXPECT_EQ(fault("DestinationService/DrainDestination", R"({"name": "nowhere", "reason": "x"})", 404), "not_found");
  EXPECT_EQ(fault("DestinationService/DrainDestination", R"({"name": "onprem"})", 400), "invalid_argument");
  EXPECT_EQ(
      fault("DestinationService/SuspendDestination", R"({"name": "onprem", "reason": "x", "duration": "0s"})", 400),
      "invalid_argument");
}

TEST_F(admin_handler, a_change_that_cannot_be_written_down_is_not_made) {
  open();
  const queue_id id = deferred_message();
  audit_fails_ = true;
  const json::object hold{{"queueIds", json::array{id.to_string()}}, {"reason", "why"}};
  EXPECT_EQ(fault("QueueService/HoldMessages", json::serialize(hold), 503), "unavailable");
  EXPECT_EQ(row(id).state, mail::recipient_state::deferred);
  EXPECT_EQ(fault("DestinationService/DrainDestination", R"({"name": "onprem", "reason": "why"})", 503), "unavailable");
  EXPECT_EQ(call("DestinationService/ListDestinations", {}).at("destinations").as_array()[1].at("state"), "closed");
  EXPECT_TRUE(log_.lines.empty());
}

TEST_F(admin_handler, every_change_is_a_line_of_the_audit_log) {
  open();
  const queue_id id = deferred_message();
  for (const char* verb : {"Hold", "Release", "Retry", "Cancel", "Bounce"}) {
    call(std::string{"QueueService/"} + verb + "Messages",
         {{"queueIds", json::array{id.to_string()}}, {"reason", "because of " + std::string{verb}}});
  }
  call("QueueService/RerouteMessages",
       {{"queueIds", json::array{id.to_string()}}, {"reason", "x"}, {"destination", "mailjet"}});
  for (const char* verb : {"Drain", "Suspend", "Resume"}) {
    call(std::string{"DestinationService/"} + verb + "Destination", {{"name", "onprem"}, {"reason", "y"}});
  }
  const auto whole = events::verify_audit(audited_, std::nullopt);
  ASSERT_TRUE(std::holds_alternative<events::audit_head>(whole));
  EXPECT_EQ(std::get<events::audit_head>(whole).sequence, 9U);
  for (const char* part :
       {"queue.hold", "queue.release", "queue.retry", "queue.cancel", "queue.bounce", "queue.reroute",
        "destination.drain", "destination.suspend", "destination.resume", "because of Retry", "192.0.2.7"}) {
    EXPECT_THAT(audited_, HasSubstr(part));
  }
  EXPECT_THAT(audited_, HasSubstr(id.to_string()));
  EXPECT_THAT(audited_, testing::Not(HasSubstr("anna@")));
}

TEST_F(admin_handler, an_order_by_filter_is_for_those_that_pass_it) {
  open();
  const queue_id here = deferred_message("anna@example.org");
  const queue_id there = deferred_message("bob@example.net");
  const auto done = call("QueueService/HoldMessages",
                         {{"filter", json::object{{"recipientDomain", "example.net"}}}, {"reason", "why"}});
  EXPECT_EQ(done.at("changed"), "1");
  ASSERT_THAT(done.at("recipients").as_array(), SizeIs(1));
  EXPECT_EQ(row(here).state, mail::recipient_state::deferred);
  EXPECT_EQ(row(there).state, mail::recipient_state::held);
  EXPECT_EQ(row(there).reason, "why");
  EXPECT_EQ(call("QueueService/ReleaseMessages", {{"filter", json::object{{"reason", "another"}}}, {"reason", "x"}})
                .contains("changed"),
            false);
  EXPECT_EQ(call("QueueService/ReleaseMessages",
                 {{"filter", json::object{{"state", "held"}, {"reason", "why"}}}, {"reason", "x"}})
                .at("changed"),
            "1");
  EXPECT_EQ(call("QueueService/HoldMessages", {{"filter", json::object{{"destination", "onprem"}}}, {"reason", "x"}})
                .at("changed"),
            "1")
      << "the released one is being attempted";
  EXPECT_THAT(audited_, HasSubstr("recipient_domain=example.net"));
}

TEST_F(admin_handler, an_order_by_filter_reaches_every_page) {
  open();
  std::vector<queue_id> all;
  for (int i = 0; i < 205; ++i) {
    all.push_back(submit({"anna" + std::to_string(i) + "@example.org"},
                         [&](auto& request) { request.message.send_at = clock_.now() + std::chrono::hours{1}; }));
  }
  const auto done =
      call("QueueService/CancelMessages", {{"filter", json::object{{"state", "scheduled"}}}, {"reason", "wrong list"}});
  EXPECT_EQ(done.at("changed"), "205");
  for (const queue_id& id : all) EXPECT_EQ(row(id).state, mail::recipient_state::cancelled);
}

TEST_F(admin_handler, an_order_for_everything_is_a_slip) {
  open();
  EXPECT_EQ(fault("QueueService/CancelMessages", R"({"filter": {}, "reason": "x"})", 400), "invalid_argument");
  EXPECT_EQ(fault("QueueService/CancelMessages", R"({"filter": {"state": "asleep"}, "reason": "x"})", 400),
            "invalid_argument");
  EXPECT_EQ(
      fault("QueueService/CancelMessages", R"({"queueIds": ["x"], "filter": {"state": "held"}, "reason": "x"})", 400),
      "invalid_argument");
  EXPECT_EQ(fault("QueueService/RerouteMessages",
                  R"({"filter": {"state": "held"}, "reason": "x", "destination": "nowhere"})", 404),
            "not_found");
}

TEST_F(admin_handler, unknown_mail_is_listed_by_its_destination) {
  open();
  const queue_id id = submit({"anna@example.org"});
  answer({delivery::outcome_of(mail::attempt_outcome::unknown, 0, "", "lost")});
  (void)deferred_message("bob@example.net");
  const auto listed =
      call("QueueService/ListMessages", {{"state", "unknown"}, {"destination", "onprem"}}).at("recipients").as_array();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].at("queueId").as_string(), id.to_string());
  EXPECT_FALSE(
      call("QueueService/ListMessages", {{"state", "unknown"}, {"destination", "mailjet"}}).contains("recipients"));
}

TEST_F(admin_handler, a_probe_says_whether_the_destination_answers) {
  open();
  EXPECT_EQ(call("DestinationService/ProbeDestination", {{"name", "onprem"}}).at("healthy"), true);
  runner_.dead.insert("onprem");
  const auto dead = call("DestinationService/ProbeDestination", {{"name", "onprem"}});
  EXPECT_FALSE(dead.contains("healthy"));
  EXPECT_EQ(dead.at("destination").at("state"), "closed") << "a probe of a healthy destination ejects nobody";
  EXPECT_EQ(fault("DestinationService/ProbeDestination", R"({"name": "nowhere"})", 404), "not_found");
}

TEST_F(admin_handler, a_policy_is_checked_against_the_destinations_in_force) {
  open();
  const auto good = call("PolicyService/CheckPolicy", {{"policy", "routes: [{name: all, via: [mailjet, onprem]}]"}});
  EXPECT_EQ(good.at("version").as_string().size(), 64U);
  const auto bad =
      call("PolicyService/CheckPolicy", {{"policy", "policy:\n  routes:\n    - {name: all, via: [mailjett]}\n"}});
  EXPECT_FALSE(bad.contains("version"));
  const auto& finding = bad.at("findings").as_array()[0];
  EXPECT_EQ(finding.at("severity"), "SEVERITY_FAULT");
  EXPECT_EQ(finding.at("line"), 3);
  EXPECT_EQ(finding.at("path"), "policy.routes[0].via[0]");
  EXPECT_THAT(std::string{finding.at("reason").as_string()}, HasSubstr("did you mean 'mailjet'"));
}

TEST_F(admin_handler, a_policy_is_applied_by_its_owner_only) {
  open();
  using kind = policy_verdict::kind;
  const json::object order{{"policy", "routes: []"}, {"reason", "why"}, {"expectedVersion", "abc"}};
  verdict_.what = kind::applied;
  verdict_.version = "def";
  EXPECT_EQ(call("PolicyService/ApplyPolicy", order).at("version"), "def");
  EXPECT_EQ(applied_.text, "routes: []");
  EXPECT_EQ(applied_.expected_version, "abc");
  EXPECT_EQ(applied_.actor, "192.0.2.7");
  verdict_.what = kind::owned_by_file;
  verdict_.text = "/etc/stellwerk.yaml";
  const auto refused = post("PolicyService/ApplyPolicy", json::serialize(order));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("failed_precondition"));
  EXPECT_THAT(refused.body, HasSubstr("/etc/stellwerk.yaml"));
  verdict_.what = kind::other_version;
  EXPECT_EQ(fault("PolicyService/ApplyPolicy", json::serialize(order), 400), "failed_precondition");
  verdict_.what = kind::faulty;
  verdict_.faults = {{{3, 5}, "policy.routes", "at least one route is required"}};
  const auto faulty = post("PolicyService/ApplyPolicy", json::serialize(order));
  EXPECT_THAT(faulty.body, HasSubstr("policy:3:5: policy.routes: at least one route is required"));
  verdict_.what = kind::not_written;
  EXPECT_EQ(fault("PolicyService/ApplyPolicy", json::serialize(order), 503), "unavailable");
  EXPECT_EQ(fault("PolicyService/ApplyPolicy", R"({"policy": "routes: []"})", 400), "invalid_argument")
      << "a reason is needed";
}

TEST_F(admin_handler, an_explanation_is_of_this_moment_or_of_what_is_assumed) {
  open();
  const std::string letter = base64_encode("From: a@shop.example\nTo: b@example.org\nSubject: Hello\n\nHello\n");
  const auto chosen = [&](const json::object& request) {
    const auto explanation = call("PolicyService/ExplainMessage", request).at("explanation").as_object();
    EXPECT_EQ(explanation.at("policy_version").as_string(), policy_->version());
    const auto& decision = explanation.at("decisions").as_array()[0];
    EXPECT_EQ(decision.at("route"), "everything");
    for (const auto& one : decision.at("candidates").as_array()) {
      if (one.at("verdict") == "chosen") return std::string{one.at("destination").as_string()};
    }
    return std::string{decision.at("action_reason").as_string()};
  };
  EXPECT_EQ(chosen({{"message", letter}}), "onprem");
  call("DestinationService/DrainDestination", {{"name", "onprem"}, {"reason", "x"}});
  EXPECT_EQ(chosen({{"message", letter}}), "mailjet") << "the live state of this moment";
  const json::object assume{{"destinations", json::object{{"mailjet", json::object{{"state", "open"}}}}}};
  EXPECT_EQ(chosen({{"message", letter}, {"assume", assume}}), "onprem");
  EXPECT_EQ(fault("PolicyService/ExplainMessage", "{}", 400), "invalid_argument");
  EXPECT_EQ(fault("PolicyService/ExplainMessage",
                  json::serialize(json::object{{"message", letter}, {"client", "nobody"}}), 400),
            "invalid_argument");
}

TEST_F(admin_handler, a_queued_message_is_explained_with_its_past) {
  open();
  const queue_id id = submit({"anna@example.org"});
  answer({delivery::outcome_of(mail::attempt_outcome::unknown, 0, "", "lost")});
  const auto explanation =
      call("PolicyService/ExplainMessage", {{"queueId", id.to_string()}}).at("explanation").as_object();
  const auto& candidates = explanation.at("decisions").as_array()[0].at("candidates").as_array();
  EXPECT_EQ(candidates[0].at("destination"), "onprem");
  EXPECT_EQ(candidates[0].at("verdict"), "chosen");
  EXPECT_EQ(candidates[1].at("reason"), "pinned_elsewhere");
  EXPECT_EQ(fault("PolicyService/ExplainMessage", R"({"queueId": "01BX5ZZKBKACTAV9WEVGEMMVRZ"})", 404), "not_found");
}

TEST_F(admin_handler, the_policy_in_force_is_shown) {
  open();
  EXPECT_EQ(call("PolicyService/GetPolicy", {}).at("source"), "file");
  EXPECT_EQ(call("PolicyService/GetPolicy", {}).at("policy"), "routes: []");
  const auto shown = call("PolicyService/GetPolicy", {});
  EXPECT_EQ(shown.at("version").as_string(), policy_->version());
  EXPECT_THAT(std::string{shown.at("routes").as_array()[0].as_string()}, HasSubstr("everything: "));
}

TEST_F(admin_handler, an_empty_body_is_an_empty_request) {
  open();
  EXPECT_EQ(post("PolicyService/GetPolicy", "").status, 200);
}

}  // namespace
}  // namespace stellwerk::admin
