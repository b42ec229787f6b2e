#include "gateway/admin/suppression_service.hpp"

#include <algorithm>
#include <utility>

#include "base/async/completion.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "gateway/admin/operator_action.hpp"
#include "gateway/admin/queue_rows.hpp"
#include "mail/address.hpp"
#include "mail/address_key.hpp"

namespace stellwerk::admin {
namespace {

namespace v1 = stellwerk::v1;
using spool::suppression_reason;
using spool::suppression_row;
using spool::suppression_scope;

constexpr int page_default = 100;
constexpr int page_max = 1000;
constexpr int changes_max = 1000;  // of one call: a body of a megabyte, one line of the audit log, one commit
constexpr std::size_t text_octets_max = 200;
constexpr std::int64_t time_seconds_max = 253'402'300'799;  // the last second of the year 9999

call_fault invalid(std::string message) { return {connect_code::invalid_argument, std::move(message)}; }

// "" or what is wrong. Who is meant: address, tenant, scope.
std::string read_key(const v1::Suppression& wire, suppression_scope otherwise, suppression_row& out) {
  const auto address = mail::parse_address(wire.address());
  if (!address) return "address: local@domain is expected: " + address.error().message();
  out.address = mail::address_key(address->to_string());
  if (wire.tenant().find('\n') != std::string::npos) return "tenant: not a name";
  out.tenant = wire.tenant();
  out.scope = otherwise;
  if (wire.scope().empty()) return "";
  const auto scope = spool::parse_suppression_scope(wire.scope());
  if (!scope) return "scope: one of all, transactional, marketing";
  out.scope = *scope;
  return "";
}

std::optional<time_point> read_time(const google::protobuf::Timestamp& wire) {
  if (wire.seconds() <= 0 || wire.seconds() > time_seconds_max || wire.nanos() < 0) return std::nullopt;
  return time_point{std::chrono::seconds{wire.seconds()} + std::chrono::milliseconds{wire.nanos() / 1'000'000}};
}

std::string read_row(const v1::Suppression& wire, std::string_view reason_of_all, time_point now,
                     suppression_row& out) {
  const auto reason = spool::parse_suppression_reason(wire.reason().empty() ? "manual" : wire.reason());
  if (!reason) return "reason: one of manual, hard_bounce, complaint, unsubscribe";
  out.reason = *reason;
  // Who unsubscribes wants no more newsletters, and still the bill.
  const bool one_stream = *reason == suppression_reason::unsubscribe;
  std::string fault = read_key(wire, one_stream ? suppression_scope::marketing : suppression_scope::all, out);
  if (!fault.empty()) return fault;
  out.source = wire.source().empty() ? "operator" : wire.source();
  out.note = wire.note().empty() ? std::string{reason_of_all} : wire.note();
  if (out.source.size() > text_octets_max) return "source: longer than 200 octets";
  if (out.note.size() > text_octets_max) return "note: longer than 200 octets";
  out.created = now;
  if (wire.has_create_time()) {
    const auto created = read_time(wire.create_time());
    if (!created) return "create_time: not a time between 1970 and 9999";
    out.created = std::min(*created, now);
  }
  if (!wire.has_expire_time()) return "";
  out.expires = read_time(wire.expire_time());
  if (!out.expires) return "expire_time: not a time between 1970 and 9999";
  return *out.expires <= now ? "expire_time: has passed" : "";
}

template <class Request>
std::optional<call_fault> fault_of_size(const Request& request) {
  if (request.suppressions_size() == 0) return invalid("suppressions: at least one");
  if (request.suppressions_size() > changes_max) return invalid("suppressions: at most 1000");
  return fault_of_reason(request.reason());
}

call_fault at(int index, const std::string& fault) {
  return invalid("suppressions[" + std::to_string(index) + "]." + fault);
}

void fill(v1::Suppression& out, const suppression_row& row) {
  out.set_address(row.address);
  out.set_tenant(row.tenant);
  out.set_scope(std::string{to_string(row.scope)});
  out.set_reason(std::string{to_string(row.reason)});
  out.set_source(row.source);
  out.set_note(row.note);
  set_time(*out.mutable_create_time(), row.created);
  if (row.expires) set_time(*out.mutable_expire_time(), *row.expires);
}

bool is_tenant(const config::gateway_config& settings, const std::string& name) {
  const auto& clients = settings.ingress.clients;
  return std::any_of(clients.begin(), clients.end(), [&](const auto& one) { return one.tenant == name; });
}

// What the audit log and the log may show of it.
operator_action action_of(std::string_view action, const std::vector<spool::suppression_change>& changes,
                          std::string reason, operator_identity who) {
  operator_action what{
      std::string{action}, std::to_string(changes.size()) + " addresses", std::move(reason), std::move(who), {}};
  std::string keys;
  for (const spool::suppression_change& one : changes) keys += suppression_key(one.row) + "\n";
  if (changes.size() == 1) {
    const suppression_row& row = changes.front().row;
    what.subject = redacted_address(row.address);
    what.details = {{"tenant", row.tenant}, {"scope", std::string{to_string(row.scope)}}};
    keys = row.address;
  }
  what.details.emplace_back(changes.size() == 1 ? "address_sha256" : "rows_sha256", sha256_hex(keys));
  return what;
}

}  // namespace

void suppression_service::add_methods(method_table& table) {
  const std::string service = "/stellwerk.v1.SuppressionService/";
  add_method(table, service + "ListSuppressions", *this, &suppression_service::list);
  add_method(table, service + "AddSuppressions", *this, &suppression_service::add);
  add_method(table, service + "RemoveSuppressions", *this, &suppression_service::remove);
}

suppression_service::answer<v1::ListSuppressionsResponse> suppression_service::list(v1::ListSuppressionsRequest request,
                                                                                    operator_identity /*who*/) {
  if (request.page_size() < 0 || request.page_size() > page_max) co_return invalid("page_size: at most 1000");
  spool::suppression_filter filter;
  filter.tenant = request.tenant();
  filter.limit = static_cast<std::size_t>(request.page_size() == 0 ? page_default : request.page_size());
  if (!request.address().empty()) {
    const auto address = mail::parse_address(request.address());
    if (!address) co_return invalid("address: local@domain is expected");
    filter.address = mail::address_key(address->to_string());
  }
  const auto after = base64_decode(request.page_token());
  const bool fits = after && (after->empty() || spool::parse_suppression_key(*after));
  if (!fits) co_return invalid("page_token: not one of ours");
  filter.after = *after;
  auto read = [&store = sources_.store, filter] { return store.list_suppressions(filter); };
  const auto rows = co_await sources_.readers.run(read);
  if (!rows) co_return call_fault{connect_code::unavailable, "the store could not be read: " + rows.error().message()};
  v1::ListSuppressionsResponse response;
  const time_point now = sources_.time.now();
  for (const suppression_row& row : *rows) {
    if (!row.expires || *row.expires > now) fill(*response.add_suppressions(), row);
  }
  if (rows->size() == filter.limit) response.set_next_page_token(base64_encode(suppression_key(rows->back())));
  co_return response;
}

suppression_service::answer<v1::AddSuppressionsResponse> suppression_service::add(v1::AddSuppressionsRequest request,
                                                                                  operator_identity who) {
  if (auto fault = fault_of_size(request)) co_return std::move(*fault);
  const auto settings = sources_.settings.load();
  const time_point now = sources_.time.now();
  order given{"suppression.add", {}, request.reason(), std::move(who)};
  for (int i = 0; i < request.suppressions_size(); ++i) {
    suppression_row& row = given.changes.emplace_back().row;
    if (const std::string fault = read_row(request.suppressions(i), request.reason(), now, row); !fault.empty())
      co_return at(i, fault);
    // A misspelt one would suppress nobody.
    if (!row.tenant.empty() && !is_tenant(*settings, row.tenant)) co_return at(i, "tenant: no client has it");
  }
  const outcome<delivery::suppress_answer> done = co_await carry_out(std::move(given));
  if (const auto* fault = std::get_if<call_fault>(&done)) co_return *fault;
  v1::AddSuppressionsResponse response;
  response.set_added(static_cast<std::int64_t>(std::get<delivery::suppress_answer>(done).added));
  response.set_replaced(static_cast<std::int64_t>(std::get<delivery::suppress_answer>(done).replaced));
  co_return response;
}

suppression_service::answer<v1::RemoveSuppressionsResponse> suppression_service::remove(
    v1::RemoveSuppressionsRequest request, operator_identity who) {
  if (auto fault = fault_of_size(request)) co_return std::move(*fault);
  order given{"suppression.remove", {}, request.reason(), std::move(who)};
  for (int i = 0; i < request.suppressions_size(); ++i) {
    spool::suppression_change& change = given.changes.emplace_back();
    change.is_removal = true;
    if (const std::string fault = read_key(request.suppressions(i), suppression_scope::all, change.row); !fault.empty())
      co_return at(i, fault);
  }
  const outcome<delivery::suppress_answer> done = co_await carry_out(std::move(given));
  if (const auto* fault = std::get_if<call_fault>(&done)) co_return *fault;
  v1::RemoveSuppressionsResponse response;
  response.set_removed(static_cast<std::int64_t>(std::get<delivery::suppress_answer>(done).removed));
  response.set_absent(static_cast<std::int64_t>(std::get<delivery::suppress_answer>(done).absent));
  co_return response;
}

suppression_service::answer<delivery::suppress_answer> suppression_service::carry_out(order given) {
  operator_action what = action_of(given.action, given.changes, given.reason, std::move(given.who));
  if (auto fault = co_await write_down(sources_, std::move(what))) co_return std::move(*fault);
  const async::completion<result<delivery::suppress_answer>> done{co_await boost::asio::this_coro::executor};
  sources_.dispatch.suppress(std::move(given.changes),
                             [done](result<delivery::suppress_answer> answer) { done.set(std::move(answer)); });
  const result<delivery::suppress_answer> durable = co_await done.wait();
  if (durable) co_return *durable;
  if (durable.error().is(errc::limit_reached))
    co_return call_fault{connect_code::resource_exhausted, "the list is full"};
  co_return call_fault{connect_code::unavailable, "the store took nothing: " + durable.error().message()};
}

}  // namespace stellwerk::admin
