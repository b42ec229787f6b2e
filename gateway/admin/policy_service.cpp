#include "gateway/admin/policy_service.hpp"

#include <google/protobuf/util/json_util.h>

#include <utility>

#include "base/async/completion.hpp"
#include "gateway/admin/operator_action.hpp"
#include "gateway/rehearsal/replay.hpp"
#include "policy/explain.hpp"

namespace stellwerk::admin {
namespace {

namespace v1 = stellwerk::v1;

constexpr std::int64_t replayed_max = 1'000'000;
constexpr std::size_t replayed_page = 1000;
constexpr std::size_t explained_max = 1000;  // recipients: the dispatch thread decides about them all at once

call_fault invalid(std::string message) { return {connect_code::invalid_argument, std::move(message)}; }

void fill(v1::PolicyFinding& out, const config::config_fault& fault, v1::PolicyFinding::Severity severity) {
  out.set_severity(severity);
  out.set_line(static_cast<std::int32_t>(fault.at.line));
  out.set_column(static_cast<std::int32_t>(fault.at.column));
  out.set_path(fault.path);
  out.set_reason(fault.reason);
}

outcome<rehearsal::assumption> read_assumption(const v1::Assumption& wire) {
  rehearsal::assumption out;
  if (wire.has_now()) {
    out.now = time_point{std::chrono::seconds{wire.now().seconds()} +
                         std::chrono::milliseconds{wire.now().nanos() / 1'000'000}};
  }
  for (const auto& [name, state] : wire.destinations()) {
    out.destinations[name] = {state.state().empty() ? "closed" : state.state(), state.backlog(), state.spent()};
  }
  for (const v1::Assumption::PastAttempt& one : wire.attempts()) {
    const auto outcome = mail::parse_attempt_outcome(one.outcome());
    if (!outcome) return invalid("assume.attempts: unknown outcome '" + one.outcome() + "'");
    policy::past_attempt& past = out.attempts.emplace_back();
    past.destination = one.destination();
    past.outcome = *outcome;
  }
  return out;
}

// What is assumed replaces what is; without assumed destinations the table of this moment is asked. The suppression
// list is always the real one.
std::string explain_with(delivery::dispatcher& dispatch, const rehearsal::assumption& assumed,
                         const std::function<std::string(const policy::policy&, const policy::live_state&)>& ask,
                         std::string& fault) {
  const policy::policy& rules = *dispatch.rules();
  if (assumed.destinations.empty()) return ask(rules, dispatch.destinations());
  auto live = rehearsal::live_state_of(assumed, rules);
  if (const auto* wrong = std::get_if<std::string>(&live)) {
    fault = *wrong;
    return "";
  }
  auto& assumed_state = std::get<policy::assumed_live_state>(live);
  assumed_state.keep_suppressions_of(dispatch.destinations());
  return ask(rules, assumed_state);
}

struct queued_message {
  delivery::message_ptr message;
  std::vector<spool::recipient_row> rows;
};

result<queued_message> load_queued(spool::store& store, const queue_id& id) {
  auto stored = store.load_message(id);
  if (!stored) return stored.error();
  if (!stored->content) return error{errc::not_found, "admin.explain"};
  auto message = delivery::make_delivery_message(std::move(stored->message), stored->content);
  if (!message) return message.error();
  auto rows = store.load_recipients(id);
  if (!rows) return rows.error();
  return queued_message{std::move(*message), std::move(*rows)};
}

std::string explain_rows(const queued_message& queued, const policy::policy& rules, const policy::live_state& live,
                         const rehearsal::assumption& assumed, time_point now) {
  const spool::message_row& row = queued.message->row();
  policy::classification stream;
  stream.stream = row.stream;
  stream.source = row.stream_source;
  stream.reason = row.stream_reason;
  policy::explained_message shown{row.client, row.tenant, {}};
  std::vector<policy::explained_recipient> recipients;
  for (const spool::recipient_row& one : queued.rows) {
    shown.recipients.push_back(one.address);
    const policy::facts facts = delivery::facts_of(*queued.message, one, now);
    policy::history past = delivery::history_of(one);
    past.attempts.insert(past.attempts.end(), assumed.attempts.begin(), assumed.attempts.end());
    recipients.push_back({one.address, rules.decide(facts, past, live, now)});
  }
  return explain_json(rules, shown, stream, recipients);
}

// Page by page over queue and history; a reader thread is busy with it for a while.
result<rehearsal::replay_report> replay_history(spool::store& store,
                                                const std::shared_ptr<const policy::policy>& candidate,
                                                const std::shared_ptr<const policy::policy>& against,
                                                std::int64_t limit, std::optional<time_point> since) {
  rehearsal::replay asked{candidate, against};
  spool::message_filter filter;
  filter.limit = replayed_page;
  for (std::int64_t left = limit; left > 0;) {
    const auto rows = store.list(filter);
    if (!rows) return rows.error();
    for (const spool::listed_recipient& one : *rows) {
      if (left <= 0) break;
      const bool copy = !one.message.shadow_destination.empty();  // for a sandbox: no traffic
      if (copy || (since && one.message.accepted < *since)) continue;
      asked.add(rehearsal::record_of(one.message, one.recipient));
      --left;
    }
    if (rows->size() < replayed_page) break;
    filter.after = rows->back().message.id;
  }
  return asked.report();
}

// All of it: a policy of a thousand rules takes its time to compile, and the report to write.
outcome<std::string> replay_text(spool::store& store, const config::gateway_config& settings, const std::string& text,
                                 std::int64_t limit, std::optional<time_point> since) {
  auto made = config::load_policy_text(text, settings.policy->destinations(), config::known_clients(settings));
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&made)) {
    return invalid(to_string(faults->front(), "policy"));
  }
  const auto& candidate = std::get<config::loaded_policy>(made).policy;
  const auto report = replay_history(store, candidate, settings.policy, limit, since);
  if (!report) {
    return call_fault{connect_code::unavailable, "the history could not be read: " + report.error().message()};
  }
  return rehearsal::to_json(*report, *candidate, settings.policy.get());
}

call_fault fault_of(const policy_verdict& verdict) {
  switch (verdict.what) {
    case policy_verdict::kind::applied: break;
    case policy_verdict::kind::owned_by_file:
      return {connect_code::failed_precondition, "policy_source is file: change " + verdict.text};
    case policy_verdict::kind::other_version:
      return {connect_code::failed_precondition, "expected_version: " + verdict.version + " is in force"};
    case policy_verdict::kind::faulty: {
      std::string text;
      for (const config::config_fault& one : verdict.faults)
        text += (text.empty() ? "" : "\n") + to_string(one, "policy");
      return invalid(text.empty() ? verdict.text : text);
    }
    case policy_verdict::kind::not_written: return {connect_code::unavailable, "not done: " + verdict.text};
  }
  return {connect_code::internal, "no verdict"};
}

}  // namespace

void policy_service::add_methods(method_table& table) {
  const std::string service = "/stellwerk.v1.PolicyService/";
  add_method(table, service + "GetPolicy", *this, &policy_service::get);
  add_method(table, service + "CheckPolicy", *this, &policy_service::check);
  add_method(table, service + "ApplyPolicy", *this, &policy_service::apply);
  add_method(table, service + "ExplainMessage", *this, &policy_service::explain);
  add_method(table, service + "ReplayTraffic", *this, &policy_service::replay);
}

policy_service::answer<v1::GetPolicyResponse> policy_service::get(v1::GetPolicyRequest /*request*/,
                                                                  operator_identity /*who*/) {
  const auto settings = sources_.settings.load();
  const policy::policy& rules = *settings->policy;
  v1::GetPolicyResponse response;
  response.set_version(rules.version());
  const auto routes = rules.routes();
  for (std::size_t i = 0; i < routes.size(); ++i) response.add_routes(routes[i].name + ": " + rules.describe(i));
  response.set_source(to_string(settings->policy_source));
  response.set_policy(settings->policy_text);
  co_return response;
}

policy_service::answer<v1::CheckPolicyResponse> policy_service::check(v1::CheckPolicyRequest request,
                                                                      operator_identity /*who*/) {
  const auto settings = sources_.settings.load();
  auto read = [settings, text = request.policy()] {
    return config::load_policy_text(text, settings->policy->destinations(), config::known_clients(*settings));
  };
  const auto made = co_await sources_.readers.run(read);
  if (!made) co_return call_fault{connect_code::resource_exhausted, "too much at once, try again"};
  v1::CheckPolicyResponse response;
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&*made)) {
    for (const config::config_fault& one : *faults)
      fill(*response.add_findings(), one, v1::PolicyFinding::SEVERITY_FAULT);
    co_return response;
  }
  const auto& [rules, findings] = std::get<config::loaded_policy>(*made);
  bool valid = true;
  for (const config::config_finding& one : findings) {
    const bool fault = one.weight == config::config_finding::severity::fault;
    fill(*response.add_findings(), one.what,
         fault ? v1::PolicyFinding::SEVERITY_FAULT : v1::PolicyFinding::SEVERITY_WARNING);
    valid = valid && !fault;
  }
  if (valid) response.set_version(rules->version());
  co_return response;
}

policy_service::answer<v1::ApplyPolicyResponse> policy_service::apply(v1::ApplyPolicyRequest request,
                                                                      operator_identity who) {
  if (auto fault = fault_of_reason(request.reason())) co_return std::move(*fault);
  operator_action what{"policy.apply", "", request.reason(), std::move(who), {}};
  policy_order order{request.policy(), request.expected_version(), request.reason(), to_audit_entry(what).actor};
  const async::completion<policy_verdict> done{co_await boost::asio::this_coro::executor};
  sources_.apply_policy(std::move(order), [done](policy_verdict verdict) { done.set(std::move(verdict)); });
  const policy_verdict verdict = co_await done.wait();
  if (verdict.what != policy_verdict::kind::applied) co_return fault_of(verdict);
  v1::ApplyPolicyResponse response;
  response.set_version(verdict.version);
  co_return response;
}

policy_service::answer<v1::ExplainMessageResponse> policy_service::explain(v1::ExplainMessageRequest request,
                                                                           operator_identity /*who*/) {
  const outcome<rehearsal::assumption> assumed = read_assumption(request.assume());
  if (const auto* fault = std::get_if<call_fault>(&assumed)) co_return *fault;
  const auto& given = std::get<rehearsal::assumption>(assumed);
  outcome<std::string> json;
  switch (request.subject_case()) {
    case v1::ExplainMessageRequest::kMessage: json = co_await explain_new(request, given); break;
    case v1::ExplainMessageRequest::kQueueId: json = co_await explain_queued(request, given); break;
    case v1::ExplainMessageRequest::SUBJECT_NOT_SET: json = invalid("message, queue_id: one of them"); break;
  }
  if (auto* fault = std::get_if<call_fault>(&json)) co_return std::move(*fault);
  v1::ExplainMessageResponse response;
  const auto read =
      google::protobuf::util::JsonStringToMessage(std::get<std::string>(json), response.mutable_explanation());
  if (!read.ok()) co_return call_fault{connect_code::internal, "the explanation has no JSON form"};
  co_return response;
}

policy_service::answer<v1::ReplayTrafficResponse> policy_service::replay(v1::ReplayTrafficRequest request,
                                                                         operator_identity /*who*/) {
  if (request.limit() < 0 || request.limit() > replayed_max) co_return invalid("limit: not between 0 and 1000000");
  std::optional<time_point> since;
  if (request.has_since()) since = time_point{std::chrono::seconds{request.since().seconds()}};
  auto read = [&store = sources_.store, settings = sources_.settings.load(), text = request.policy(),
               limit = request.limit() == 0 ? replayed_max : request.limit(),
               since] { return replay_text(store, *settings, text, limit, since); };
  auto replayed = co_await sources_.readers.run(read);
  if (!replayed) co_return call_fault{connect_code::resource_exhausted, "too much at once, try again"};
  if (auto* fault = std::get_if<call_fault>(&*replayed)) co_return std::move(*fault);
  const std::string& json = std::get<std::string>(*replayed);
  v1::ReplayTrafficResponse response;
  if (!google::protobuf::util::JsonStringToMessage(json, response.mutable_report()).ok())
    co_return call_fault{connect_code::internal, "the report has no JSON form"};
  co_return response;
}

policy_service::answer<std::string> policy_service::explain_new(const v1::ExplainMessageRequest& request,
                                                                const rehearsal::assumption& assumed) {
  const time_point now = assumed.now.value_or(sources_.time.now());
  rehearsal::rehearsed_message what;
  what.content = request.message();
  what.client = request.client();
  what.from = request.from();
  what.to.assign(request.to().begin(), request.to().end());
  auto read = [&sources = sources_, what = std::move(what), now] {
    const auto settings = sources.settings.load();
    return rehearsal::prepare(*settings, *settings->policy, what, now, sources.controls);
  };
  const auto prepared = co_await sources_.readers.run(read);
  if (!prepared) co_return call_fault{connect_code::resource_exhausted, "too much at once, try again"};
  if (const auto* wrong = std::get_if<std::string>(&*prepared)) co_return invalid(*wrong);
  if (std::get<rehearsal::prepared_ptr>(*prepared)->shown.recipients.size() > explained_max)
    co_return invalid("to: at most 1000 recipients");
  const async::completion<outcome<std::string>> done{co_await boost::asio::this_coro::executor};
  sources_.dispatch.post([&dispatch = sources_.dispatch, about = std::get<rehearsal::prepared_ptr>(*prepared), assumed,
                          now, done] {
    const auto ask = [&](const policy::policy& rules, const policy::live_state& live) {
      policy::history past;
      past.attempts = assumed.attempts;
      return explain_json(rules, about->shown, about->stream, rehearsal::decide_all(*about, rules, past, live, now));
    };
    std::string fault;
    std::string json = explain_with(dispatch, assumed, ask, fault);
    done.set(fault.empty() ? outcome<std::string>{std::move(json)} : outcome<std::string>{invalid(fault)});
  });
  co_return co_await done.wait();
}

policy_service::answer<std::string> policy_service::explain_queued(const v1::ExplainMessageRequest& request,
                                                                   const rehearsal::assumption& assumed) {
  const auto id = queue_id::parse(request.queue_id());
  if (!id) co_return invalid("queue_id: not a queue id");
  auto read = [&store = sources_.store, wanted = *id] { return load_queued(store, wanted); };
  auto loaded = co_await sources_.readers.run(read);
  if (!loaded) {
    if (loaded.error().is(errc::not_found))
      co_return call_fault{connect_code::not_found, "there is no message " + request.queue_id() + " with its content"};
    co_return call_fault{connect_code::unavailable, "the store could not be read: " + loaded.error().message()};
  }
  const time_point now = assumed.now.value_or(sources_.time.now());
  const auto queued = std::make_shared<const queued_message>(std::move(*loaded));
  const async::completion<outcome<std::string>> done{co_await boost::asio::this_coro::executor};
  sources_.dispatch.post([&dispatch = sources_.dispatch, queued, assumed, now, done] {
    const auto ask = [&](const policy::policy& rules, const policy::live_state& live) {
      return explain_rows(*queued, rules, live, assumed, now);
    };
    std::string fault;
    std::string json = explain_with(dispatch, assumed, ask, fault);
    done.set(fault.empty() ? outcome<std::string>{std::move(json)} : outcome<std::string>{invalid(fault)});
  });
  co_return co_await done.wait();
}

}  // namespace stellwerk::admin
