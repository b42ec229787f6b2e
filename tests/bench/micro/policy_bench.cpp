// What does a decision cost? With one route, with twenty or fifty whose conditions are all asked, and the
// classification by twenty rules. At 10,000 recipients a second the dispatch thread has 100 microseconds for each; a
// decision over ten of them would be bad news.
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

#include "mail/analysed_message.hpp"
#include "policy/policy.hpp"

namespace stellwerk::policy {
namespace {

// A message with everything its facts look into.
struct sample {
  sample() {
    offered.client = "shop";
    offered.tenant = "acme";
    offered.envelope.reverse_path = "bounce@shop.example";
    offered.envelope.recipients = {{"ann@example.org", {}}};
    offered.content = std::make_shared<const std::string>(
        "From: Shop <shop@shop.example>\r\nTo: ann@example.org\r\nSubject: Your order 4711\r\nX-Class: 7\r\n\r\nThank "
        "you.\r\n");
    if (auto made = mail::analyse_message(offered.content)) analysed = *made;
    message = make_message_facts(offered, *analysed);
    message.id.bytes[0] = 1;
  }

  mail::submission offered;
  mail::analysed_ptr analysed;
  message_facts message;
};

node_config way_to(std::string name) {
  node_config out;
  out.name = std::move(name);
  return out;
}

std::shared_ptr<const policy> policy_of(std::size_t rules) {
  policy_config config;
  for (std::size_t i = 0; i < rules; ++i) {
    const std::string number = std::to_string(i);
    config.classify_rules.push_back({"rule-" + number, "rules", "header[\"x-class\"] == \"class-" + number + "\"",
                                     mail::traffic_stream::marketing});
    route_config route;
    route.name = "route-" + number;
    route.path = "routes";
    if (i + 1 < rules) route.when = "recipient.domain == \"partner" + number + ".example\" && size > 1000";
    route.via.what = node_config::kind::failover;
    route.via.children = {way_to("onprem"), way_to("other")};
    config.routes.push_back(std::move(route));
  }
  std::vector<destination_traits> destinations(2);
  destinations[0].name = "onprem";
  destinations[1].name = "other";
  auto made = compile(config, destinations);
  const auto* compiled = std::get_if<std::shared_ptr<const policy>>(&made);
  return compiled != nullptr ? *compiled : nullptr;
}

void decide(benchmark::State& state) {
  const sample given;
  const auto rules = policy_of(static_cast<std::size_t>(state.range(0)));
  if (!rules) return state.SkipWithError("the policy does not compile");
  const facts about = make_facts(given.message, mail::traffic_stream::transactional, "ann@example.org");
  const ideal_live_state live;
  const history past;
  for (auto _ : state) benchmark::DoNotOptimize(rules->decide(about, past, live, time_point{}));
}
BENCHMARK(decide)->Arg(1)->Arg(20)->Arg(50);

void classify(benchmark::State& state) {
  const sample given;
  const auto rules = policy_of(static_cast<std::size_t>(state.range(0)));
  if (!rules) return state.SkipWithError("the policy does not compile");
  classify_request request;
  request.message = &given.message;
  request.requested = state.range(1) != 0 ? std::optional{mail::traffic_stream::marketing} : std::nullopt;
  request.content = *given.offered.content;
  for (auto _ : state) benchmark::DoNotOptimize(rules->classify(request));
}
BENCHMARK(classify)->ArgNames({"rules", "explicit"})->Args({20, 0})->Args({20, 1});

}  // namespace
}  // namespace stellwerk::policy
