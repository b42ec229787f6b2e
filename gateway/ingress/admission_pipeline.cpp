#include "gateway/ingress/admission_pipeline.hpp"

#include <algorithm>
#include <chrono>

#include "base/async/completion.hpp"
#include "gateway/ingress/accept_rows.hpp"
#include "gateway/ingress/content_checks.hpp"
#include "gateway/ingress/control_headers.hpp"
#include "gateway/ingress/fingerprint.hpp"
#include "gateway/ingress/refusal_text.hpp"
#include "mail/address_pattern.hpp"
#include "mail/received_field.hpp"
#include "mail/rewrite.hpp"

namespace stellwerk::ingress {
namespace {

constexpr duration store_retry_after = std::chrono::seconds{30};

refusal make_refusal(refusal_kind kind, std::string text, std::string field = {}) {
  refusal out;
  out.kind = kind;
  out.text = std::move(text);
  out.field = std::move(field);
  if (kind == refusal_kind::queue_full || kind == refusal_kind::store_failed || kind == refusal_kind::draining)
    out.retry_after = store_retry_after;
  return out;
}

refusal refusal_for(const error& failure) {
  if (failure.is(errc::limit_reached) || failure.is(errc::store_full))
    return make_refusal(refusal_kind::queue_full, "the queue is full, try again later");
  if (failure.is(errc::fingerprint_differs))
    return make_refusal(refusal_kind::idempotency_reused, "the idempotency key was used for another message",
                        "idempotency_key");
  if (failure.is(errc::cancelled)) return make_refusal(refusal_kind::draining, "going down, try again");
  return make_refusal(refusal_kind::store_failed, "the message could not be stored, try again later");
}

mail::submission_profile profile_of(const mail::submission& submission, const door_settings& settings) {
  if (submission.ingress == mail::ingress_kind::grpc) return mail::submission_profile::submission;
  const smtp_door* door = settings.door(submission.listener);
  return door != nullptr && door->config.profile == smtp_profile::submission ? mail::submission_profile::submission
                                                                             : mail::submission_profile::relay;
}

std::uint64_t size_max_of(const mail::submission& submission, const client_config& client,
                          const door_settings& settings) {
  if (client.size_max != 0) return client.size_max;
  if (submission.ingress == mail::ingress_kind::grpc) return settings.grpc.size_max;
  const smtp_door* door = settings.door(submission.listener);
  return door != nullptr ? door->config.size_max : submission.content->size();
}

void apply_control(control_values values, const client_config& client, mail::submission& submission) {
  if (client.may_choose_stream) submission.requested_stream = values.stream;
  submission.campaign = std::move(values.campaign);
  submission.tags = std::move(values.tags);
  submission.metadata = std::move(values.metadata);
  submission.idempotency_key = std::move(values.idempotency_key);
  submission.send_at = values.send_at;
  submission.lifetime = values.lifetime;
}

// SMTP: what steers the message stands in its header, and counts only from a client that may.
std::optional<refusal> take_control(const mail::header_section& header, const client_config& client, time_point now,
                                    mail::submission& submission) {
  if (!client.control_headers) return std::nullopt;
  auto read = read_control_headers(header, now);
  if (const auto* fault = std::get_if<control_fault>(&read))
    return make_refusal(refusal_kind::malformed, fault->field + ": " + fault->reason, fault->field);
  auto& values = std::get<control_values>(read);
  if (!values.idempotency_key.empty())
    submission.fingerprint = fingerprint_of_smtp(submission.envelope.reverse_path, values, header, *submission.content);
  apply_control(std::move(values), client, submission);
  return std::nullopt;
}

std::string make_trace(const mail::submission& submission, std::string_view node, const queue_id& id, time_point now) {
  mail::received_stamp stamp;
  stamp.helo = submission.origin.helo;
  stamp.peer_address = submission.origin.peer_ip;
  stamp.by = node;
  stamp.id = id.to_string();
  stamp.at = now;
  const bool grpc = submission.ingress == mail::ingress_kind::grpc;
  stamp.protocol = grpc ? "GRPC" : submission.origin.protocol;
  if (grpc) stamp.client = submission.client;
  if (submission.envelope.recipients.size() == 1) stamp.only_recipient = submission.envelope.recipients.front().address;
  return mail::build_received_field(stamp);
}

mail::content_ptr change_content(const mail::submission& submission, const mail::header_section& header,
                                 mail::submission_profile profile, std::string_view node, const queue_id& id,
                                 time_point now) {
  mail::declared_changes changes;
  changes.received = make_trace(submission, node, id, now);
  if (profile == mail::submission_profile::submission) {
    changes.remove_bcc = true;
    changes.date = to_rfc5322(now);
    changes.message_id = "<" + id.to_string() + "@" + std::string{node} + ">";
  }
  return std::make_shared<const std::string>(mail::apply_declared_changes(*submission.content, header, changes));
}

bool is_bound(const client_config& client) {
  return !client.senders.empty() &&
         std::find(client.senders.begin(), client.senders.end(), "*") == client.senders.end();
}

policy::retry_config retry_of(const policy::policy_config& config, mail::traffic_stream stream) {
  const auto found = config.retry.find(stream);
  return found == config.retry.end() ? policy::retry_config{} : found->second;
}

}  // namespace

admission_pipeline::admission_pipeline(const admission_services& services)
    : services_{services}, policy_{services.policy}, settings_{services.settings} {}

async::awaitable<admission_answer> admission_pipeline::admit(mail::submission submission, const client_config& client) {
  const steady_point started = services_.time.steady();
  if (services_.pressure.long_line()) co_await entrance_.pass();
  prepared asked = prepare(submission, client);
  if (asked.refused) {
    admission_answer answer{std::move(*asked.refused)};
    record(submission, answer, asked, started);
    co_return answer;
  }
  const async::completion<result<spool::accept_answer>> committed{co_await boost::asio::this_coro::executor};
  services_.acceptor.accept(std::move(asked.request),
                            [committed](result<spool::accept_answer> outcome) { committed.set(std::move(outcome)); });
  result<spool::accept_answer> outcome = co_await committed.wait();
  admission_answer answer = answer_of(std::move(outcome), asked);
  record(submission, answer, asked, started);
  co_return answer;
}

admission_pipeline::prepared admission_pipeline::prepare(mail::submission& submission, const client_config& client) {
  prepared out;
  submission.client = client.name;
  submission.tenant = client.tenant;
  out.refused = check_client(submission, client);
  if (out.refused) return out;
  const time_point now = services_.time.now();
  const queue_id id = services_.ids.next();
  out.refused = read_content(submission, client, id, now);
  if (out.refused) return out;
  const auto analysed = mail::analyse_message(submission.content);
  if (!analysed) {
    out.refused = make_refusal(refusal_kind::malformed, "the header section does not follow RFC 5322");
    return out;
  }
  out.request.content = submission.content;
  out.request.analysed = *analysed;
  out.refused = decide(submission, client, **analysed, id, now, out);
  return out;
}

std::optional<refusal> admission_pipeline::check_client(const mail::submission& submission,
                                                        const client_config& client) {
  if (services_.pressure.draining() && submission.ingress == mail::ingress_kind::grpc)
    return make_refusal(refusal_kind::draining, "going down, try again");
  if (services_.pressure.level() == pressure_level::closed)
    return make_refusal(refusal_kind::queue_full, "the queue is full, try again later");
  if (submission.content->size() > size_max_of(submission, client, *settings_.get()))
    return make_refusal(refusal_kind::too_large, "message too large");
  const std::string& sender = submission.envelope.reverse_path;
  if (!sender.empty() && !mail::address_allowed(client.senders, sender))
    return make_refusal(refusal_kind::sender_not_allowed, "you may not send with this address",
                        "envelope.reverse_path");
  for (const mail::envelope_recipient& recipient : submission.envelope.recipients) {
    if (!mail::address_allowed(client.recipients, recipient.address))
      return make_refusal(refusal_kind::recipient_not_allowed, "you may not send to one of these addresses",
                          "envelope.recipients");
  }
  if (!client.rate_per_second) return std::nullopt;
  const auto wait = services_.rates.take(client.name, *client.rate_per_second, services_.time.steady());
  if (!wait) return std::nullopt;
  refusal refused = make_refusal(refusal_kind::rate, "you send faster than agreed, slow down");
  refused.retry_after = wait;
  return refused;
}

// Judges the content as it came, then replaces it by what will be sent.
std::optional<refusal> admission_pipeline::read_content(mail::submission& submission, const client_config& client,
                                                        const queue_id& id, time_point now) {
  const door_settings& settings = *settings_.get();
  const mail::submission_profile profile = profile_of(submission, settings);
  const auto header = mail::header_section::parse(*submission.content);
  if (auto refused = check_header(header, profile, settings.node_name)) return refused;
  if (auto refused = check_header_from(header, client)) return refused;
  if (submission.ingress == mail::ingress_kind::smtp) {
    if (auto refused = take_control(header, client, now, submission)) return refused;
    submission.dsn_allowed = submission.dsn_allowed || client.dsn || is_bound(client);
  }
  submission.content = change_content(submission, header, profile, settings.node_name, id, now);
  return std::nullopt;
}

std::optional<refusal> admission_pipeline::decide(const mail::submission& submission, const client_config& client,
                                                  const mail::analysed_message& message, const queue_id& id,
                                                  time_point now, prepared& out) {
  const policy::policy& rules = *policy_.get();
  const auto facts = policy::make_message_facts(submission, message);
  policy::classify_request question;
  question.message = &facts;
  question.pin = client.pin;
  question.requested = submission.requested_stream;
  question.client_default = client.default_stream;
  question.content = *submission.content;
  const policy::classification verdict = rules.classify(question);
  out.stream = verdict.stream;
  out.stream_reason = verdict.reason;
  if (services_.pressure.level() != pressure_level::open && verdict.stream == mail::traffic_stream::marketing)
    return make_refusal(refusal_kind::queue_full, "the queue is too full for marketing, try again later");

  out.request.message = make_message_row(submission, id, verdict, retry_of(rules.config(), verdict.stream), now);
  out.request.recipients = make_recipient_rows(submission, id, now);
  out.request.message.recipients = static_cast<std::uint32_t>(out.request.recipients.size());
  std::vector<std::string_view> addresses;
  for (const spool::recipient_row& row : out.request.recipients) addresses.push_back(row.address);
  out.request.message.note = mail::note_content(message, addresses);
  std::size_t refused_count = 0;
  policy::preflight_verdict refusing;
  for (spool::recipient_row& row : out.request.recipients) {
    const policy::preflight_verdict preflight = rules.preflight(policy::make_facts(facts, verdict.stream, row.address));
    if (preflight.accepted) continue;
    mark_refused(row, preflight);
    if (++refused_count == 1) refusing = preflight;
  }
  if (refused_count == out.request.recipients.size()) {
    refusal refused = make_refusal(refusing.size_refused ? refusal_kind::too_large : refusal_kind::policy,
                                   refusing.rule.empty() ? refusing.reason : refusing.rule + ": " + refusing.reason);
    refused.rule = refusing.rule;
    return refused;
  }
  if (submission.idempotency_key.empty()) return std::nullopt;
  spool::idempotency_claim claim;
  claim.tenant = submission.tenant;
  claim.key = submission.idempotency_key;
  claim.fingerprint = submission.fingerprint;
  claim.merge_recipients = submission.ingress == mail::ingress_kind::smtp;
  out.request.idempotency = std::move(claim);
  return std::nullopt;
}

admission_answer admission_pipeline::answer_of(result<spool::accept_answer> outcome, prepared& asked) {
  if (!outcome) return refusal_for(outcome.error());
  admitted taken{outcome->message, *asked.stream, std::move(asked.stream_reason), {}};
  for (spool::recipient_row& row : outcome->added)
    taken.recipients.push_back(
        {std::move(row.address), row.state, std::move(row.enhanced_status), std::move(row.reason)});
  return taken;
}

void admission_pipeline::record(const mail::submission& submission, const admission_answer& answer,
                                const prepared& asked, steady_point started) {
  door_metrics& door = services_.metrics.door(submission.ingress, submission.listener);
  const std::chrono::duration<double> took = services_.time.steady() - started;
  (submission.ingress == mail::ingress_kind::smtp ? services_.metrics.accept_seconds_smtp
                                                  : services_.metrics.accept_seconds_grpc)
      .observe(took.count());
  if (const auto* taken = std::get_if<admitted>(&answer)) {
    door.count_accepted(taken->stream, taken->message.duplicate());
    if (!services_.log.enabled(log_level::info)) return;
    services_.log.info("accepted", {{"queue_id", taken->message.id().to_string()},
                                    {"client", submission.client},
                                    {"listener", submission.listener},
                                    {"stream", mail::to_string(taken->stream)},
                                    {"duplicate", taken->message.duplicate()},
                                    {"recipients", submission.envelope.recipients.size()},
                                    {"size", submission.content->size()}});
    return;
  }
  const refusal& refused = std::get<refusal>(answer);
  door.count_refused(refused.kind, asked.stream);
  services_.log.info("refused", {{"client", submission.client},
                                 {"listener", submission.listener},
                                 {"reason", to_string(refused.kind)},
                                 {"field", refused.field},
                                 {"rule", refused.rule},
                                 {"sender", redacted_address(submission.envelope.reverse_path)}});
}

}  // namespace stellwerk::ingress
