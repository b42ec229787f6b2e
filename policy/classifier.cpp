#include "policy/classifier.hpp"

#include <algorithm>

#include "mail/message_text.hpp"
#include "policy/classify/signals.hpp"

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

std::optional<classifier::opinion> classifier::by_signals(const classify_request& request, classification& out) const {
  const message_facts& message = *request.message;
  const mail::message_text text = mail::extract_text(request.content, *message.header, signal_decoded_max);
  signal_input input;
  input.header = [&message](std::string_view name) -> std::optional<std::string> {
    const auto raw = message.header->first(name);
    return raw ? std::optional{mail::unfold(*raw)} : std::nullopt;
  };
  input.recipients = message.recipients;
  input.subject = message.subject;
  input.text = text.plain;
  input.html = text.html;
  const signal_report report = evaluate_signals(input);
  for (const signal_hit& hit : report.hits) {
    out.signals.push_back({hit.what->name, hit.what->points_to, hit.what->weight});
  }
  if (!report.stream) return std::nullopt;
  opinion said{*report.stream, stream_source::signal, "signals"};
  const char* separator = " ";
  for (const signal_hit& hit : report.hits) {
    if (hit.what->points_to != *report.stream) continue;
    said.reason += separator + std::string{hit.what->name};
    separator = ", ";
  }
  return said;
}

}  // namespace stellwerk::policy
