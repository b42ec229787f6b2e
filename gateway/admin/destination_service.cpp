#include "gateway/admin/destination_service.hpp"

#include <utility>

#include "base/async/completion.hpp"
#include "gateway/admin/operator_action.hpp"
#include "gateway/admin/operator_marks.hpp"
#include "gateway/admin/queue_rows.hpp"

namespace stellwerk::admin {
namespace {

namespace v1 = stellwerk::v1;

constexpr std::int64_t suspend_seconds_max = 366L * 24 * 3600;

void fill(v1::Destination& out, const delivery::destination_snapshot& shown) {
  out.set_name(shown.name);
  out.set_adapter(shown.adapter);
  out.set_zone(shown.zone);
  out.set_state(shown.state);
  out.set_cause(shown.cause);
  out.set_in_flight(static_cast<std::int32_t>(shown.in_flight));
  out.set_connections(static_cast<std::int32_t>(shown.connections));
  out.set_backlog(shown.backlog);
  out.set_spent(shown.spent);
  out.set_currency(shown.currency);
  out.set_admitted_share(shown.admitted_share);
  out.set_throttled(shown.throttled);
  out.set_bounce_brake(shown.bounce_brake);
  out.set_operator_reason(shown.operator_reason);
  if (shown.suspended_until) set_time(*out.mutable_suspended_until(), *shown.suspended_until);
}

call_fault invalid(std::string message) { return {connect_code::invalid_argument, std::move(message)}; }

// Absent: until resumed.
outcome<std::optional<duration>> read_duration(const v1::SuspendDestinationRequest& request) {
  if (!request.has_duration()) return std::optional<duration>{};
  const auto& wire = request.duration();
  if (wire.seconds() < 0 || wire.nanos() < 0 || wire.seconds() > suspend_seconds_max)
    return invalid("duration: not between 0 and a year");
  const duration wanted = std::chrono::seconds{wire.seconds()} + std::chrono::milliseconds{wire.nanos() / 1'000'000};
  if (wanted <= duration{0}) return invalid("duration: not positive");
  return std::optional{wanted};
}

template <class Response>
outcome<Response> wrap(outcome<v1::Destination> made) {
  if (auto* fault = std::get_if<call_fault>(&made)) return std::move(*fault);
  Response response;
  *response.mutable_destination() = std::get<v1::Destination>(std::move(made));
  return response;
}

}  // namespace

void destination_service::add_methods(method_table& table) {
  const std::string service = "/stellwerk.v1.DestinationService/";
  add_method(table, service + "ListDestinations", *this, &destination_service::list);
  add_method(table, service + "DrainDestination", *this, &destination_service::drain);
  add_method(table, service + "SuspendDestination", *this, &destination_service::suspend);
  add_method(table, service + "ResumeDestination", *this, &destination_service::resume);
  add_method(table, service + "ProbeDestination", *this, &destination_service::probe);
}

destination_service::answer<v1::ListDestinationsResponse> destination_service::list(
    v1::ListDestinationsRequest /*request*/, operator_identity /*who*/) {
  change nothing = [](delivery::destination_table&) { return true; };
  const auto all = co_await on_table(std::move(nothing));
  v1::ListDestinationsResponse response;
  if (all) {
    for (const delivery::destination_snapshot& one : *all) fill(*response.add_destinations(), one);
  }
  co_return response;
}

destination_service::answer<v1::DrainDestinationResponse> destination_service::drain(
    v1::DrainDestinationRequest request, operator_identity who) {
  order given{"destination.drain", request.name(), request.reason(), std::move(who), {}, {}};
  given.apply = [name = given.name, reason = given.reason](delivery::destination_table& table) {
    return table.drain(name, reason);
  };
  outcome<v1::Destination> made = co_await carry_out(std::move(given));
  co_return wrap<v1::DrainDestinationResponse>(std::move(made));
}

destination_service::answer<v1::SuspendDestinationResponse> destination_service::suspend(
    v1::SuspendDestinationRequest request, operator_identity who) {
  const outcome<std::optional<duration>> lasts = read_duration(request);
  if (const auto* fault = std::get_if<call_fault>(&lasts)) co_return *fault;
  order given{"destination.suspend", request.name(), request.reason(), std::move(who), {}, {}};
  if (request.has_duration()) {
    const auto wanted = std::chrono::duration_cast<std::chrono::seconds>(*std::get<std::optional<duration>>(lasts));
    given.details.emplace_back("for", std::to_string(wanted.count()) + "s");
  }
  given.apply = [name = given.name, reason = given.reason, time = std::get<std::optional<duration>>(lasts)](
                    delivery::destination_table& table) { return table.suspend(name, time, reason); };
  outcome<v1::Destination> made = co_await carry_out(std::move(given));
  co_return wrap<v1::SuspendDestinationResponse>(std::move(made));
}

destination_service::answer<v1::ResumeDestinationResponse> destination_service::resume(
    v1::ResumeDestinationRequest request, operator_identity who) {
  order given{"destination.resume", request.name(), request.reason(), std::move(who), {}, {}};
  given.apply = [name = given.name](delivery::destination_table& table) { return table.resume(name); };
  outcome<v1::Destination> made = co_await carry_out(std::move(given));
  co_return wrap<v1::ResumeDestinationResponse>(std::move(made));
}

destination_service::answer<v1::Destination> destination_service::carry_out(order given) {
  if (auto fault = fault_of_reason(given.reason)) co_return std::move(*fault);
  const call_fault nowhere{connect_code::not_found, "there is no destination " + given.name};
  if (!co_await find(given.name)) co_return nowhere;
  operator_action what{std::string{given.action}, given.name, given.reason, std::move(given.who),
                       std::move(given.details)};
  if (auto fault = co_await write_down(sources_, std::move(what))) co_return std::move(*fault);
  const auto all = co_await on_table(std::move(given.apply));
  if (all) {
    spool::settle_request keep;
    keep.notes.push_back({std::string{operator_marks_note}, encode_marks(*all)});
    const async::completion<result<void>> done{co_await boost::asio::this_coro::executor};
    sources_.store.settle(std::move(keep), [done](result<void> kept) { done.set(kept); });
    // The mark holds in any case; if the store is failing, only a restart forgets it.
    if (const auto kept = co_await done.wait(); !kept)
      sources_.log.error("operator_marks_not_kept", {{"error", kept.error().message()}});
  }
  auto shown = co_await find(given.name);
  if (!shown) co_return nowhere;
  co_return std::move(*shown);
}

destination_service::answer<v1::ProbeDestinationResponse> destination_service::probe(
    v1::ProbeDestinationRequest request, operator_identity who) {
  if (!co_await find(request.name())) {
    co_return call_fault{connect_code::not_found, "there is no destination " + request.name()};
  }
  // It changes nothing but what the gateway knows of its peer, so it needs no reason and no line in the audit log.
  sources_.log.info("operator_probe",
                    {{"destination", request.name()}, {"peer", who.peer}, {"certificate", who.certificate}});
  const async::completion<adapters::probe_report> done{co_await boost::asio::this_coro::executor};
  sources_.run.probe(request.name(), [done](adapters::probe_report report) { done.set(std::move(report)); });
  const adapters::probe_report report = co_await done.wait();
  change note = [name = request.name(), report](delivery::destination_table& table) {
    return table.operator_probed(name, report);
  };
  (void)co_await on_table(std::move(note));
  v1::ProbeDestinationResponse response;
  response.set_healthy(report.healthy);
  if (!report.healthy) {
    response.set_outcome(std::string{to_string(report.outcome.outcome)});
    response.set_stage(std::string{to_string(report.outcome.stage)});
    response.set_reply(report.outcome.reply);
  }
  if (auto shown = co_await find(request.name())) *response.mutable_destination() = std::move(*shown);
  co_return response;
}

async::awaitable<std::optional<v1::Destination>> destination_service::find(std::string name) {
  change nothing = [](delivery::destination_table&) { return true; };
  const auto all = co_await on_table(std::move(nothing));
  if (!all) co_return std::nullopt;
  for (const delivery::destination_snapshot& one : *all) {
    if (one.name != name) continue;
    v1::Destination shown;
    fill(shown, one);
    co_return shown;
  }
  co_return std::nullopt;
}

async::awaitable<std::optional<std::vector<delivery::destination_snapshot>>> destination_service::on_table(
    change apply) {
  using snapshots = std::optional<std::vector<delivery::destination_snapshot>>;
  const async::completion<snapshots> done{co_await boost::asio::this_coro::executor};
  sources_.dispatch.post([&dispatch = sources_.dispatch, apply = std::move(apply), done] {
    delivery::destination_table& table = dispatch.destinations();
    done.set(apply(table) ? snapshots{table.snapshot()} : snapshots{});
  });
  co_return co_await done.wait();
}

}  // namespace stellwerk::admin
