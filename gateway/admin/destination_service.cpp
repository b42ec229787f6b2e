#include "gateway/admin/destination_service.hpp"

#include <utility>

#include "base/async/completion.hpp"

namespace stellwerk::admin {
namespace {

namespace v1 = stellwerk::v1;

constexpr std::size_t reason_octets_max = 200;
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
}

call_fault invalid(std::string message) { return {connect_code::invalid_argument, std::move(message)}; }

std::optional<call_fault> fault_of_reason(const std::string& reason) {
  if (reason.empty()) return invalid("reason: needed, others will read it");
  if (reason.size() > reason_octets_max) return invalid("reason: longer than 200 octets");
  return std::nullopt;
}

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
  order given{"drain", request.name(), request.reason(), std::move(who), {}};
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
  order given{"suspend", request.name(), request.reason(), std::move(who), {}};
  given.apply = [name = given.name, reason = given.reason, time = std::get<std::optional<duration>>(lasts)](
                    delivery::destination_table& table) { return table.suspend(name, time, reason); };
  outcome<v1::Destination> made = co_await carry_out(std::move(given));
  co_return wrap<v1::SuspendDestinationResponse>(std::move(made));
}

destination_service::answer<v1::ResumeDestinationResponse> destination_service::resume(
    v1::ResumeDestinationRequest request, operator_identity who) {
  order given{"resume", request.name(), request.reason(), std::move(who), {}};
  given.apply = [name = given.name](delivery::destination_table& table) { return table.resume(name); };
  outcome<v1::Destination> made = co_await carry_out(std::move(given));
  co_return wrap<v1::ResumeDestinationResponse>(std::move(made));
}

destination_service::answer<v1::Destination> destination_service::carry_out(order given) {
  if (auto fault = fault_of_reason(given.reason)) co_return std::move(*fault);
  const auto all = co_await on_table(std::move(given.apply));
  if (!all) co_return call_fault{connect_code::not_found, "there is no destination " + given.name};
  sources_.log.info("operator_action", {{"action", given.action},
                                        {"destination", given.name},
                                        {"reason", given.reason},
                                        {"peer", given.who.peer},
                                        {"certificate", given.who.certificate}});
  for (const delivery::destination_snapshot& one : *all) {
    if (one.name != given.name) continue;
    v1::Destination shown;
    fill(shown, one);
    co_return shown;
  }
  co_return call_fault{connect_code::not_found, "the destination " + given.name + " is no longer listed"};
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
