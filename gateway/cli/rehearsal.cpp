#include "gateway/cli/rehearsal.hpp"

#include "base/text.hpp"
#include "gateway/config/decoder.hpp"
#include "mail/address.hpp"
#include "mail/address_list.hpp"
#include "mail/analysed_message.hpp"

namespace stellwerk::cli {
namespace {

using config::yaml_node;

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 40);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

const ingress::client_config* client_named(const config::gateway_config& settings, const std::string& name) {
  for (const ingress::client_config& one : settings.ingress.clients) {
    if (name.empty() || one.name == name) return &one;
  }
  return nullptr;
}

void add_recipients(const mail::message_features& features, std::vector<std::string>& out) {
  for (const auto* list : {&features.to, &features.cc, &features.bcc}) out.insert(out.end(), list->begin(), list->end());
}

std::string text_of(const yaml_node* node) { return node == nullptr ? std::string{} : node->text; }

}  // namespace

std::variant<assumption, std::string> read_assumption(const yaml_node& node) {
  assumption out;
  if (node.what == yaml_node::kind::null) return out;
  if (node.what != yaml_node::kind::map) return std::string{"assume: a map is expected"};
  for (const auto& [key, value] : node.fields) {
    if (key == "now") {
      out.now = parse_rfc3339(value.text);
      if (!out.now) return "assume.now: not an RFC 3339 time: " + value.text;
    } else if (key == "destinations") {
      for (const auto& [name, state] : value.fields) {
        policy::assumed_live_state::assumption& one = out.destinations[name];
        for (const auto& [what, given] : state.fields) {
          if (what == "state") {
            one.state = given.text;
          } else if (what == "backlog") {
            one.backlog = static_cast<std::int64_t>(config::parse_number(given.text).value_or(0));
          } else if (what == "spent") {
            one.spent = config::parse_number(given.text).value_or(0);
          } else {
            return "assume.destinations." + name + ": unknown key '" + what + "'";
          }
        }
      }
    } else if (key == "attempts") {
      for (const yaml_node& item : value.items) {
        policy::past_attempt attempt;
        attempt.destination = text_of(item.find("destination"));
        const auto outcome = mail::parse_attempt_outcome(text_of(item.find("outcome")));
        if (!outcome) return "assume.attempts: unknown outcome '" + text_of(item.find("outcome")) + "'";
        attempt.outcome = *outcome;
        out.attempts.push_back(std::move(attempt));
      }
    } else {
      return "assume: unknown key '" + key + "'";
    }
  }
  return out;
}

std::variant<rehearsal, std::string> rehearse(const config::gateway_config& settings, const rehearsed_message& what,
                                              const assumption& assumed, const control_reader& controls) {
  const ingress::client_config* client = client_named(settings, what.client);
  if (client == nullptr) return "no client '" + what.client + "'";
  const auto content = std::make_shared<const std::string>(with_crlf(what.content));
  auto analysed = mail::analyse_message(content);
  if (!analysed) return std::string{"the message has no readable header"};
  const mail::analysed_message& message = **analysed;

  const time_point now = assumed.now.value_or(system_clock{}.now());
  mail::submission submission;
  submission.content = content;
  submission.client = client->name;
  submission.tenant = client->tenant;
  submission.listener = settings.ingress.smtp.empty() ? "grpc" : settings.ingress.smtp.front().name;
  submission.envelope.reverse_path = what.from.empty() ? message.header_from : what.from;
  std::vector<std::string> to = what.to;
  if (to.empty()) add_recipients(message.features, to);
  if (to.empty()) return std::string{"no recipients: give --to"};
  for (const std::string& one : to) {
    const auto address = mail::parse_address(one);
    if (!address) return "no address: " + one;
    submission.envelope.recipients.push_back({address->to_string(), {}});
  }
  rehearsal out;
  if (client->control_headers) {
    if (auto fault = controls(message.header, *client, now, submission)) out.client_fault = *fault;
  }
  out.message = {client->name, client->tenant, {}};
  const policy::policy& rules = *settings.policy;
  const policy::message_facts facts = policy::make_message_facts(submission, message);
  policy::classify_request request;
  request.message = &facts;
  request.pin = client->pin;
  request.requested = submission.requested_stream;
  request.client_default = client->default_stream;
  request.content = *content;
  out.stream = rules.classify(request);

  policy::assumed_live_state live{rules};
  for (const auto& [name, state] : assumed.destinations) {
    if (!live.assume(rules, name, state)) return "assume: no destination or state: " + name + " " + state.state;
  }
  policy::history past;
  past.attempts = assumed.attempts;
  for (const mail::envelope_recipient& recipient : submission.envelope.recipients) {
    out.message.recipients.push_back(recipient.address);
    policy::facts one = policy::make_facts(facts, out.stream.stream, recipient.address);
    one.attempt = static_cast<std::uint32_t>(past.attempts.size());
    out.recipients.push_back({recipient.address, rules.decide(one, past, live, now)});
  }
  return out;
}

}  // namespace stellwerk::cli
