#include "gateway/rehearsal/rehearsal.hpp"

#include "mail/address.hpp"
#include "mail/address_list.hpp"

namespace stellwerk::rehearsal {
namespace {

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
  for (const auto* list : {&features.to, &features.cc, &features.bcc})
    out.insert(out.end(), list->begin(), list->end());
}

// What is given instead of a message's bytes and its client.
void adopt(const given_facts& given, const ingress::client_config* client, time_point now, prepared_message& out) {
  mail::submission& submission = out.submission;
  submission.client = given.client.empty() && client != nullptr ? client->name : given.client;
  submission.tenant = given.tenant.empty() && client != nullptr ? client->tenant : given.tenant;
  submission.ingress = given.ingress.value_or(submission.ingress);
  if (!given.listener.empty()) submission.listener = given.listener;
  submission.envelope.reverse_path = given.reverse_path;
  submission.envelope.recipients = {{given.recipient, {}}};
  submission.campaign = given.campaign;
  submission.template_name = given.template_name;
  submission.tags = given.tags;
  submission.metadata = given.metadata;
  out.shown = {submission.client, submission.tenant, {given.recipient}};
  out.facts = policy::make_message_facts(submission, *out.message);
  out.facts.recipients = given.recipients;
  out.facts.size = given.size.value_or(out.facts.size);
  out.facts.accepted_at = now - given.age;
  out.attempt = given.attempt;
  out.age = given.age;
}

void classify(const policy::policy& rules, const ingress::client_config* client, prepared_message& out) {
  policy::classify_request request;
  request.message = &out.facts;
  if (client != nullptr) {
    request.pin = client->pin;
    request.client_default = client->default_stream;
  }
  request.requested = out.submission.requested_stream;
  request.content = *out.submission.content;
  out.stream = rules.classify(request);
}

// "" or what is wrong with the envelope.
std::string fill_envelope(const rehearsed_message& what, prepared_message& out) {
  mail::envelope& envelope = out.submission.envelope;
  envelope.reverse_path = what.from.empty() ? out.message->header_from : what.from;
  std::vector<std::string> to = what.to;
  if (to.empty()) add_recipients(out.message->features, to);
  if (to.empty()) return "no recipients: give --to";
  for (const std::string& one : to) {
    const auto address = mail::parse_address(one);
    if (!address) return "no address: " + one;
    envelope.recipients.push_back({address->to_string(), {}});
    out.shown.recipients.push_back(envelope.recipients.back().address);
  }
  return "";
}

}  // namespace

std::variant<prepared_ptr, std::string> prepare(const config::gateway_config& settings, const policy::policy& rules,
                                                const rehearsed_message& what, time_point now,
                                                const control_reader& controls) {
  const std::string& name = what.facts ? what.facts->client : what.client;
  const ingress::client_config* client = client_named(settings, name);
  if (client == nullptr && !what.facts) return "no client '" + what.client + "'";
  const auto content =
      std::make_shared<const std::string>(what.facts ? content_of(*what.facts) : with_crlf(what.content));
  auto analysed = mail::analyse_message(content);
  if (!analysed) return std::string{"the message has no readable header"};
  auto made = std::make_shared<prepared_message>();
  made->message = std::move(*analysed);
  mail::submission& submission = made->submission;
  submission.content = content;
  submission.listener = settings.ingress.smtp.empty() ? "grpc" : settings.ingress.smtp.front().name;
  if (what.facts) {
    adopt(*what.facts, client, now, *made);
    if (what.facts->stream) {
      made->stream.stream = *what.facts->stream;
      made->stream.source = mail::stream_source::explicit_choice;
      made->stream.reason = "given";
    } else {
      classify(rules, client, *made);
    }
    return prepared_ptr{std::move(made)};
  }
  made->shown = {client->name, client->tenant, {}};
  submission.client = client->name;
  submission.tenant = client->tenant;
  if (std::string fault = fill_envelope(what, *made); !fault.empty()) return fault;
  if (client->control_headers) {
    if (auto fault = controls(made->message->header, *client, now, submission)) made->client_fault = *fault;
  }
  made->facts = policy::make_message_facts(submission, *made->message);
  classify(rules, client, *made);
  return prepared_ptr{std::move(made)};
}

std::vector<policy::explained_recipient> decide_all(const prepared_message& about, const policy::policy& rules,
                                                    const policy::history& past, const policy::live_state& live,
                                                    time_point now) {
  std::vector<policy::explained_recipient> out;
  for (const mail::envelope_recipient& recipient : about.submission.envelope.recipients) {
    policy::facts one = policy::make_facts(about.facts, about.stream.stream, recipient.address);
    one.attempt = about.attempt.value_or(static_cast<std::uint32_t>(past.attempts.size()));
    one.age = about.age;
    out.push_back({recipient.address, rules.decide(one, past, live, now)});
  }
  return out;
}

std::variant<rehearsal, std::string> rehearse(const config::gateway_config& settings, const rehearsed_message& what,
                                              const assumption& assumed, const control_reader& controls) {
  const policy::policy& rules = *settings.policy;
  const std::optional<time_point> told = what.facts && what.facts->now ? what.facts->now : assumed.now;
  const time_point now = told.value_or(system_clock{}.now());
  auto prepared = prepare(settings, rules, what, now, controls);
  if (auto* fault = std::get_if<std::string>(&prepared)) return std::move(*fault);
  auto live = live_state_of(assumed, rules);
  if (auto* fault = std::get_if<std::string>(&live)) return std::move(*fault);
  policy::history past;
  past.attempts = assumed.attempts;
  rehearsal out;
  out.message = std::get<prepared_ptr>(std::move(prepared));
  out.recipients = decide_all(*out.message, rules, past, std::get<policy::assumed_live_state>(live), now);
  return out;
}

}  // namespace stellwerk::rehearsal
