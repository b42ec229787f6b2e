#include "gateway/admin/queue_service.hpp"

#include <algorithm>
#include <utility>

#include "base/async/completion.hpp"
#include "gateway/admin/queue_rows.hpp"

namespace stellwerk::admin {
namespace {

namespace v1 = stellwerk::v1;

constexpr int page_size_default = 100;
constexpr int page_size_max = 1000;
constexpr int pages_read_max = 20;  // of one request: then the answer is short and its token goes on
constexpr int operated_max = 1000;
constexpr std::size_t reason_octets_max = 200;

call_fault invalid(std::string message) { return {connect_code::invalid_argument, std::move(message)}; }

call_fault fault_of(const error& failure, std::string_view what) {
  if (failure.is(errc::not_found)) return {connect_code::not_found, "there is no message " + std::string{what}};
  if (failure.is(errc::limit_reached)) return {connect_code::resource_exhausted, "too much at once, try again"};
  return {connect_code::unavailable, "the store could not be read: " + failure.message()};
}

outcome<spool::message_filter> read_filter(const v1::ListMessagesRequest& request) {
  spool::message_filter filter;
  if (!request.state().empty()) {
    filter.state = mail::parse_recipient_state(request.state());
    if (!filter.state) return invalid("state: no such state");
  }
  switch (request.traffic_stream()) {
    case v1::TRAFFIC_STREAM_UNSPECIFIED: break;
    case v1::TRAFFIC_STREAM_TRANSACTIONAL: filter.stream = mail::traffic_stream::transactional; break;
    case v1::TRAFFIC_STREAM_MARKETING: filter.stream = mail::traffic_stream::marketing; break;
    default: return invalid("traffic_stream: no such stream");
  }
  filter.tenant = request.tenant();
  filter.recipient_domain = request.recipient_domain();
  if (!request.page_token().empty()) {
    filter.after = queue_id::parse(request.page_token());
    if (!filter.after) return invalid("page_token: not a token of this list");
  }
  if (request.page_size() < 0) return invalid("page_size: negative");
  filter.limit = static_cast<std::size_t>(
      std::min(request.page_size() == 0 ? page_size_default : request.page_size(), page_size_max));
  return filter;
}

// Pages until one answer is full. Without a state what is final is left out, which the store does not know how to do.
result<v1::ListMessagesResponse> read_pages(spool::store& store, spool::message_filter filter) {
  v1::ListMessagesResponse response;
  const std::size_t wanted = filter.limit;
  for (int page = 0; page < pages_read_max; ++page) {
    const auto rows = store.list(filter);
    if (!rows) return rows.error();
    for (const spool::listed_recipient& one : *rows) {
      if (filter.state || !is_final(one.recipient.state)) fill(*response.add_recipients(), one.message, one.recipient);
    }
    if (rows->size() < filter.limit) return response;
    filter.after = rows->back().message.id;
    response.set_next_page_token(filter.after->to_string());
    if (static_cast<std::size_t>(response.recipients_size()) >= wanted) return response;
  }
  return response;
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
  if (texts.empty()) return invalid("queue_ids: none given");
  if (texts.size() > operated_max) return invalid("queue_ids: more than 1000");
  std::vector<queue_id> ids;
  for (const std::string& text : texts) {
    const auto id = queue_id::parse(text);
    if (!id) return invalid("queue_ids: not a queue id");
    if (std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
  }
  return ids;
}

std::string_view name_of(delivery::operation what) {
  switch (what) {
    case delivery::operation::cancel: return "cancel";
    case delivery::operation::retry_now: return "retry";
    case delivery::operation::hold: return "hold";
    case delivery::operation::release: return "release";
    case delivery::operation::bounce: return "bounce";
  }
  return "cancel";
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
}

queue_service::answer<v1::ListMessagesResponse> queue_service::list(v1::ListMessagesRequest request,
                                                                    operator_identity /*who*/) {
  outcome<spool::message_filter> filter = read_filter(request);
  if (const auto* fault = std::get_if<call_fault>(&filter)) co_return *fault;
  auto read = [&store = sources_.store, wanted = std::get<spool::message_filter>(filter)] {
    return read_pages(store, wanted);
  };
  auto listed = co_await sources_.readers.run(read);
  if (!listed) co_return fault_of(listed.error(), "");
  co_return std::move(*listed);
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
  outcome<std::vector<queue_id>> ids = read_ids(request.queue_ids());
  if (const auto* fault = std::get_if<call_fault>(&ids)) co_return *fault;
  if (request.reason().empty()) co_return invalid("reason: needed, others will read it");
  if (request.reason().size() > reason_octets_max) co_return invalid("reason: longer than 200 octets");
  order given{What, name_of(What), std::get<std::vector<queue_id>>(std::move(ids)), request.reason(), std::move(who)};
  outcome<std::vector<v1::QueuedRecipient>> rows = co_await carry_out(std::move(given));
  if (const auto* fault = std::get_if<call_fault>(&rows)) co_return *fault;
  Response response;
  for (v1::QueuedRecipient& row : std::get<std::vector<v1::QueuedRecipient>>(rows))
    *response.add_recipients() = std::move(row);
  co_return response;
}

queue_service::answer<std::vector<v1::QueuedRecipient>> queue_service::carry_out(order given) {
  auto read = [&store = sources_.store, &ids = given.ids] { return load_all(store, ids); };
  auto loaded = co_await sources_.readers.run(read);
  if (!loaded) co_return fault_of(loaded.error(), "");
  if (const auto* missing = std::get_if<named_fault>(&*loaded)) co_return fault_of(missing->failure, missing->id);
  std::vector<v1::QueuedRecipient> shown;
  for (const spool::message_row& message : std::get<std::vector<spool::message_row>>(*loaded)) {
    const auto rows = co_await operate_one(given.what, message.id, given.reason);
    if (!rows) co_return fault_of(rows.error(), message.id.to_string());
    sources_.log.info("operator_action", {{"action", given.name},
                                          {"queue_id", message.id.to_string()},
                                          {"recipients", rows->size()},
                                          {"reason", given.reason},
                                          {"peer", given.who.peer},
                                          {"certificate", given.who.certificate}});
    for (const spool::recipient_row& row : *rows) fill(shown.emplace_back(), message, row);
  }
  co_return shown;
}

async::awaitable<result<std::vector<spool::recipient_row>>> queue_service::operate_one(delivery::operation what,
                                                                                       queue_id id,
                                                                                       std::string reason) {
  const async::completion<result<std::vector<spool::recipient_row>>> done{co_await boost::asio::this_coro::executor};
  sources_.dispatch.operate(what, id, std::move(reason),
                            [done](result<std::vector<spool::recipient_row>> rows) { done.set(std::move(rows)); });
  co_return co_await done.wait();
}

}  // namespace stellwerk::admin
