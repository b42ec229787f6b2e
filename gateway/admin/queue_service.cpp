#include "gateway/admin/queue_service.hpp"

#include <algorithm>
#include <utility>

#include "base/async/completion.hpp"
#include "gateway/admin/operator_action.hpp"
#include "gateway/admin/queue_rows.hpp"

namespace stellwerk::admin {
namespace {

namespace v1 = stellwerk::v1;

constexpr int operated_max = 1000;           // ids of one order
constexpr std::size_t shown_max = 1000;      // recipients in one answer
constexpr std::size_t page_of_orders = 200;  // recipients read at once for an order by filter

call_fault invalid(std::string message) { return {connect_code::invalid_argument, std::move(message)}; }

call_fault fault_of(const error& failure, std::string_view what) {
  if (failure.is(errc::not_found)) return {connect_code::not_found, "there is no message " + std::string{what}};
  if (failure.is(errc::limit_reached)) return {connect_code::resource_exhausted, "too much at once, try again"};
  return {connect_code::unavailable, "the store could not be read or written: " + failure.message()};
}

struct whole_message {
  spool::message_row message;
  std::vector<spool::recipient_row> recipients;
};

result<whole_message> load_whole(spool::store& store, const queue_id& id) {
  auto message = store.load_message_row(id);
  if (!message) return message.error();
  auto recipients = store.load_recipients(id);
  if (!recipients) return recipients.error();
  return whole_message{std::move(*message), std::move(*recipients)};
}

struct named_fault {
  std::string id;
  error failure;
};

// Every message or the first that is not there: nothing is done then.
std::variant<std::vector<spool::message_row>, named_fault> load_all(spool::store& store,
                                                                    const std::vector<queue_id>& ids) {
  std::vector<spool::message_row> all;
  for (const queue_id& id : ids) {
    auto row = store.load_message_row(id);
    if (!row) return named_fault{id.to_string(), row.error()};
    all.push_back(std::move(*row));
  }
  return all;
}

outcome<std::vector<queue_id>> read_ids(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  if (texts.empty()) return invalid("queue_ids: none given, and no filter");
  if (texts.size() > operated_max) return invalid("queue_ids: more than 1000; use a filter");
  std::vector<queue_id> ids;
  for (const std::string& text : texts) {
    const auto id = queue_id::parse(text);
    if (!id) return invalid("queue_ids: not a queue id");
    if (std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
  }
  return ids;
}

std::string name_of(delivery::operation what) {
  switch (what) {
    case delivery::operation::cancel: return "queue.cancel";
    case delivery::operation::retry_now: return "queue.retry";
    case delivery::operation::hold: return "queue.hold";
    case delivery::operation::release: return "queue.release";
    case delivery::operation::bounce: return "queue.bounce";
    case delivery::operation::reroute: return "queue.reroute";
  }
  return "queue.cancel";
}

template <class Request>
std::string destination_of(const Request& request) {
  if constexpr (requires { request.destination(); }) return request.destination();
  return "";
}

std::string joined(const std::vector<queue_id>& ids) {
  std::string out;
  for (const queue_id& id : ids) out += (out.empty() ? "" : " ") + id.to_string();
  return out;
}

}  // namespace

void queue_service::add_methods(method_table& table) {
  using delivery::operation;
  const std::string service = "/stellwerk.v1.QueueService/";
  add_method(table, service + "ListMessages", *this, &queue_service::list);
  add_method(table, service + "GetMessage", *this, &queue_service::get);
  add_method(table, service + "RetryMessages", *this,
             &queue_service::operate<v1::RetryMessagesRequest, v1::RetryMessagesResponse, operation::retry_now>);
  add_method(table, service + "HoldMessages", *this,
             &queue_service::operate<v1::HoldMessagesRequest, v1::HoldMessagesResponse, operation::hold>);
  add_method(table, service + "ReleaseMessages", *this,
             &queue_service::operate<v1::ReleaseMessagesRequest, v1::ReleaseMessagesResponse, operation::release>);
  add_method(table, service + "CancelMessages", *this,
             &queue_service::operate<v1::CancelMessagesRequest, v1::CancelMessagesResponse, operation::cancel>);
  add_method(table, service + "RerouteMessages", *this,
             &queue_service::operate<v1::RerouteMessagesRequest, v1::RerouteMessagesResponse, operation::reroute>);
  add_method(table, service + "BounceMessages", *this,
             &queue_service::operate<v1::BounceMessagesRequest, v1::BounceMessagesResponse, operation::bounce>);
}

queue_service::answer<v1::ListMessagesResponse> queue_service::list(v1::ListMessagesRequest request,
                                                                    operator_identity /*who*/) {
  outcome<queue_filter> filter = read_filter(request);
  if (const auto* fault = std::get_if<call_fault>(&filter)) co_return *fault;
  auto read = [&store = sources_.store, wanted = std::get<queue_filter>(filter)] { return read_page(store, wanted); };
  const auto page = co_await sources_.readers.run(read);
  if (!page) co_return fault_of(page.error(), "");
  v1::ListMessagesResponse response;
  for (const spool::listed_recipient& one : page->rows) fill(*response.add_recipients(), one.message, one.recipient);
  if (page->next) response.set_next_page_token(page->next->to_string());
  co_return response;
}

queue_service::answer<v1::GetMessageResponse> queue_service::get(v1::GetMessageRequest request,
                                                                 operator_identity /*who*/) {
  const auto id = queue_id::parse(request.queue_id());
  if (!id) co_return invalid("queue_id: not a queue id");
  auto read = [&store = sources_.store, wanted = *id] { return load_whole(store, wanted); };
  const auto loaded = co_await sources_.readers.run(read);
  if (!loaded) co_return fault_of(loaded.error(), request.queue_id());
  v1::GetMessageResponse response;
  fill(response, loaded->message);
  for (const spool::recipient_row& row : loaded->recipients) fill(*response.add_recipients(), row);
  co_return response;
}

template <class Request, class Response, delivery::operation What>
queue_service::answer<Response> queue_service::operate(Request request, operator_identity who) {
  order given{What, {}, {}, request.reason(), destination_of(request), std::move(who)};
  if (request.has_filter()) {
    if (request.queue_ids_size() > 0) co_return invalid("queue_ids, filter: one of them");
    outcome<queue_filter> filter = read_filter(request.filter());
    if (auto* fault = std::get_if<call_fault>(&filter)) co_return std::move(*fault);
    given.filter = std::get<queue_filter>(std::move(filter));
  } else {
    outcome<std::vector<queue_id>> ids = read_ids(request.queue_ids());
    if (auto* fault = std::get_if<call_fault>(&ids)) co_return std::move(*fault);
    given.ids = std::get<std::vector<queue_id>>(std::move(ids));
  }
  if (auto fault = fault_of_reason(given.reason)) co_return std::move(*fault);
  outcome<done_so_far> done = co_await carry_out(std::move(given));
  if (auto* fault = std::get_if<call_fault>(&done)) co_return std::move(*fault);
  auto& made = std::get<done_so_far>(done);
  Response response;
  for (v1::QueuedRecipient& row : made.shown) *response.add_recipients() = std::move(row);
  response.set_changed(made.changed);
  co_return response;
}

queue_service::answer<queue_service::done_so_far> queue_service::carry_out(order given) {
  if (given.what == delivery::operation::reroute) {
    const auto rules = sources_.policy.load();
    const auto known = rules->destinations();
    const bool there = std::any_of(known.begin(), known.end(), [&](const policy::destination_traits& one) {
      return one.name == given.destination && !one.removed;
    });
    if (!there) co_return call_fault{connect_code::not_found, "there is no destination " + given.destination};
  }
  done_so_far done;
  std::optional<call_fault> fault;
  if (given.filter) {
    fault = co_await by_filter(given, done);
  } else {
    fault = co_await by_ids(given, done);
  }
  if (fault) co_return std::move(*fault);
  co_return done;
}

async::awaitable<std::optional<call_fault>> queue_service::by_ids(const order& given, done_so_far& done) {
  auto read = [&store = sources_.store, &ids = given.ids] { return load_all(store, ids); };
  auto loaded = co_await sources_.readers.run(read);
  if (!loaded) co_return fault_of(loaded.error(), "");
  if (const auto* missing = std::get_if<named_fault>(&*loaded)) co_return fault_of(missing->failure, missing->id);
  if (auto fault = co_await write_order(given)) co_return fault;
  std::vector<target> targets;
  for (spool::message_row& row : std::get<std::vector<spool::message_row>>(*loaded))
    targets.push_back({std::move(row), {}});
  co_return co_await operate_all(given, std::move(targets), done);
}

async::awaitable<std::optional<call_fault>> queue_service::by_filter(const order& given, done_so_far& done) {
  if (auto fault = co_await write_order(given)) co_return fault;
  queue_filter filter = *given.filter;
  filter.stored.limit = page_of_orders;
  for (;;) {
    auto read = [&store = sources_.store, filter] { return read_page(store, filter); };
    auto page = co_await sources_.readers.run(read);
    if (!page) co_return fault_of(page.error(), "");
    std::vector<target> targets;
    for (spool::listed_recipient& one : page->rows) {
      if (targets.empty() || targets.back().message.id != one.message.id)
        targets.push_back({std::move(one.message), {}});
      targets.back().only.push_back(one.recipient.key.index);
    }
    if (auto fault = co_await operate_all(given, std::move(targets), done)) co_return fault;
    if (!page->next) co_return std::nullopt;
    filter.stored.after = page->next;
  }
}

async::awaitable<std::optional<call_fault>> queue_service::write_order(const order& given) {
  operator_action what;
  what.action = name_of(given.what);
  what.subject = given.filter ? describe(*given.filter) : joined(given.ids);
  what.reason = given.reason;
  what.who = given.who;
  if (!given.destination.empty()) what.details.emplace_back("destination", given.destination);
  co_return co_await write_down(sources_, std::move(what));
}

async::awaitable<std::optional<call_fault>> queue_service::operate_all(const order& given, std::vector<target> targets,
                                                                       done_so_far& done) {
  for (target& one : targets) {
    delivery::operate_order wanted;
    wanted.what = given.what;
    wanted.message = one.message.id;
    wanted.only = one.only;
    wanted.reason = given.reason;
    wanted.destination = given.destination;
    const auto rows = co_await operate_one(std::move(wanted));
    // By filter it may have ended in the meantime: then it is not what the filter means any more.
    if (!rows && given.filter && rows.error().is(errc::not_found)) continue;
    if (!rows) co_return fault_of(rows.error(), one.message.id.to_string());
    for (const delivery::operated_recipient& operated : *rows) {
      done.changed += operated.changed ? 1 : 0;
      const bool meant =
          one.only.empty() || std::find(one.only.begin(), one.only.end(), operated.row.key.index) != one.only.end();
      if (!meant || done.shown.size() >= shown_max) continue;
      fill(done.shown.emplace_back(), one.message, operated.row);
      done.shown.back().set_refusal(operated.refusal);
    }
  }
  co_return std::nullopt;
}

async::awaitable<result<std::vector<delivery::operated_recipient>>> queue_service::operate_one(
    delivery::operate_order one) {
  const async::completion<result<std::vector<delivery::operated_recipient>>> done{
      co_await boost::asio::this_coro::executor};
  sources_.dispatch.operate(
      std::move(one), [done](result<std::vector<delivery::operated_recipient>> rows) { done.set(std::move(rows)); });
  co_return co_await done.wait();
}

}  // namespace stellwerk::admin
