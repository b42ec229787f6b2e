#include "policy/classifier.hpp"

namespace stellwerk::policy {

using mail::stream_source;

classification classifier::classify(const classify_request& request) const {
  classification out;
  const auto said = judge(request, out);
  const std::string client{request.message->client};
  if (request.pin) {
    out.stream = *request.pin;
    out.source = stream_source::pin;
    out.reason = "pinned by client " + client;
    out.contradicts_pin = said && said->stream != *request.pin;
    if (out.contradicts_pin) {
      const char* verb = said->source == stream_source::signal ? " say " : " says ";
      out.reason += "; " + said->reason + verb + std::string{mail::to_string(said->stream)};
    }
  } else if (said) {
    out.stream = said->stream;
    out.source = said->source;
    out.reason = said->source == stream_source::explicit_choice ? "asked for by the message" : said->reason;
  } else {
    out.stream = request.client_default.value_or(rules_.config.otherwise);
    out.source = stream_source::default_choice;
    out.reason = request.client_default ? "default of client " + client : "otherwise";
  }
  return out;
}

std::optional<classifier::opinion> classifier::judge(const classify_request& request, classification& out) const {
  if (request.requested) return opinion{*request.requested, stream_source::explicit_choice, "the message"};
  if (auto rule = by_rules(*request.message)) return rule;
  return by_signals(request, out);
}

std::optional<classifier::opinion> classifier::by_rules(const message_facts& message) const {
  if (rules_.rules.empty()) return std::nullopt;
  const fact_activation asked{message};
  for (std::size_t i = 0; i < rules_.rules.size(); ++i) {
    if (rules_.rules[i].when->ask(asked) != condition::answer::yes) continue;
    return opinion{rules_.rules[i].stream, stream_source::rule, "rule " + rules_.config.classify_rules[i].name};
  }
  return std::nullopt;
}

}  // namespace stellwerk::policy
