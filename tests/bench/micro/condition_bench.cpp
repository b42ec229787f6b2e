// How long does a condition take, and a whole decision? A recipient is decided at acceptance and before each attempt,
// all on one thread: a condition above 2 us, or a decision above 5 us with fifty routes, would show in the throughput.
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

#include "mail/analysed_message.hpp"
#include "policy/condition.hpp"
#include "policy/policy.hpp"

namespace {

using namespace stellwerk;

// An order confirmation as a shop sends it.
struct order {
  order() {
    submission.client = "shop";
    submission.tenant = "acme";
    submission.listener = "legacy";
    submission.envelope.reverse_path = "bounce@shop.example";
    submission.envelope.recipients = {{"ann@gmail.com", {}}};
    submission.tags = {"order", "personal"};
    submission.metadata = {{"order", "4711"}, {"region", "eu"}};
    submission.content = std::make_shared<const std::string>(
        "Received: from app7.shop.example by gw; Mon, 2 Mar 2026 09:30:00 +0000\r\nDate: Mon, 2 Mar 2026 09:30:00 "
        "+0000\r\n"
        "From: Shop <orders@shop.example>\r\nTo: ann@gmail.com\r\nSubject: =?utf-8?Q?Best=C3=A4tigung?= 4711\r\n"
        "Message-ID: <4711@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nX-Mailer: "
        "shop 7\r\n\r\nThank you.\r\n");
    analysed = *mail::analyse_message(submission.content);
    message = policy::make_message_facts(submission, *analysed);
    about = policy::make_facts(message, mail::traffic_stream::transactional, "ann@gmail.com");
  }
  mail::submission submission;
  mail::analysed_ptr analysed;
  policy::message_facts message;
  policy::facts about;
};

policy::destination_traits destination(std::string name, std::string zone) {
  policy::destination_traits out;
  out.name = std::move(name);
  out.adapter = "smtp";
  out.zone = std::move(zone);
  out.labels = {{"dpa", "signed"}};
  return out;
}

std::vector<policy::destination_traits> destinations() {
  return {destination("onprem", "on_prem"), destination("mailjet", "eu"), destination("ses", "us")};
}

const std::vector<std::string> conditions{
    "stream == \"transactional\"",
    "stream == \"marketing\" && !(\"list-unsubscribe\" in header)",
    "\"personal\" in tags",
    "header[\"x-mailer\"].startsWith(\"shop\") && recipients < 20",
    "mailbox_provider in [\"google\", \"microsoft\", \"yahoo\"] && recipient.domain.endsWith(\".com\")",
    "subject.matches(\"(?i)(invoice|rechnung|best.tigung)\")",
    "metadata[\"region\"] == \"eu\" || metadata[\"country\"] in [\"de\", \"at\", \"ch\"]",
    "tags.exists(t, t.startsWith(\"per\"))",
    "age > duration(\"5m\") && attempt >= 3",
    "now.getHours(\"Europe/Berlin\") >= 7 && now.getHours(\"Europe/Berlin\") < 19",
};

void condition(benchmark::State& state) {
  const std::string& source = conditions[static_cast<std::size_t>(state.range(0))];
  state.SetLabel(source);
  const auto all = destinations();
  auto compiled = policy::condition::compile(source, "bench", policy::condition_use::route, all);
  const auto& asked = std::get<std::unique_ptr<const policy::condition>>(compiled);
  const order subject;
  const policy::ideal_live_state live;
  const policy::fact_activation facts{subject.about, all, live, time_point{std::chrono::hours{490'000}}};
  for (auto _ : state) benchmark::DoNotOptimize(asked->ask(facts));
}
BENCHMARK(condition)->DenseRange(0, static_cast<int>(conditions.size()) - 1);

// Forty-nine routes that do not match, by the conditions people write, and one that does; three invariants.
std::shared_ptr<const policy::policy> fifty_routes() {
  policy::policy_config config;
  for (int i = 0; i < 50; ++i) {
    policy::route_config& route = config.routes.emplace_back();
    route.path = "policy.routes[" + std::to_string(i) + "]";
    route.name = "route-" + std::to_string(i);
    const std::string number = std::to_string(i);
    switch (i % 5) {
      case 0: route.when = "stream == \"marketing\" && campaign == \"c" + number + "\""; break;
      case 1: route.when = "\"tag-" + number + "\" in tags"; break;
      case 2: route.when = "recipient.domain == \"customer" + number + ".example\""; break;
      case 3: route.when = "header_from.endsWith(\"@brand" + number + ".example\") && size > 1000"; break;
      default: route.when = "metadata[\"kind\"] in [\"k" + number + "\", \"l" + number + "\"]"; break;
    }
    if (i == 49) route.when.clear();
    route.via.what = policy::node_config::kind::failover;
    for (const char* name : {"onprem", "mailjet", "ses"}) route.via.children.emplace_back().name = name;
  }
  config.invariants = {{"home", "policy.invariants[0]", "\"personal\" in tags", "zone in [\"on_prem\", \"eu\"]"},
                       {"signed", "policy.invariants[1]", "metadata[\"region\"] == \"eu\"",
                        "zone == \"on_prem\" || labels[\"dpa\"] == \"signed\""},
                       {"not-overseas", "policy.invariants[2]", "client == \"bank\"", "zone != \"us\""}};
  auto made = policy::compile(config, destinations());
  if (const auto* faults = std::get_if<std::vector<policy::policy_fault>>(&made))
    throw std::runtime_error{faults->front().reason};
  return std::get<std::shared_ptr<const policy::policy>>(made);
}

void decision_of_fifty_routes(benchmark::State& state) {
  const auto rules = fifty_routes();
  const order subject;
  const policy::ideal_live_state live;
  const policy::history nothing;
  const time_point now{std::chrono::hours{490'000}};
  if (rules->decide(subject.about, nothing, live, now).chosen() == nullptr) state.SkipWithError("nothing was chosen");
  for (auto _ : state) benchmark::DoNotOptimize(rules->decide(subject.about, nothing, live, now));
}
BENCHMARK(decision_of_fifty_routes);

void compile_fifty_routes(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(fifty_routes());
}
BENCHMARK(compile_fifty_routes)->Unit(benchmark::kMillisecond);

}  // namespace
