#include "gateway/ingress/grpc/submission_service.hpp"

#include <utility>
#include <vector>

#include "base/text.hpp"
#include "gateway/ingress/grpc/event_watch.hpp"
#include "gateway/ingress/grpc/row_mapping.hpp"
#include "gateway/ingress/grpc/submit_stream.hpp"
#include "gateway/ingress/grpc/submit_task.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;
using google::rpc::Status;

class unary_exchange final : public submit_exchange {
 public:
  explicit unary_exchange(std::unique_ptr<unary_call> one) : call_{std::move(one)} {}

  std::optional<Status> read(v1::Submission& into) override {
    v1::SubmitRequest request;
    if (!call_->parse(request)) return not_the_protocol();
    into = std::move(*request.mutable_submission());
    return std::nullopt;
  }
  bool gone() const override { return call_->cancelled(); }
  void answer(submit_answer with) override {
    if (const auto* accepted = std::get_if<v1::SubmitResponse>(&with)) {
      call_->finish_ok(*accepted);
    } else {
      call_->finish(std::get<Status>(with));
    }
  }

 private:
  std::unique_ptr<unary_call> call_;
};

// A stream that is refused before it begins.
template <class Reactor>
class refused_stream final : public Reactor {
 public:
  explicit refused_stream(const Status& why) { this->Finish(to_grpc(why)); }
  void OnDone() override { delete this; }
};

// The message if it is this tenant's; another's does not exist.
std::variant<spool::message_row, Status> load_owned(spool::store& store, std::string_view id_text,
                                                    std::string_view tenant) {
  const auto id = queue_id::parse(id_text);
  if (!id) return no_such_submission();
  auto row = store.load_message_row(*id);
  if (!row) return row.error().is(errc::not_found) ? no_such_submission() : store_unreadable();
  if (row->tenant != tenant) return no_such_submission();
  return std::move(*row);
}

void get_submission(spool::store& store, unary_call& one, std::string_view tenant) {
  v1::GetSubmissionRequest request;
  if (!one.parse(request)) return one.finish(not_the_protocol());
  const auto owned = load_owned(store, request.queue_id(), tenant);
  if (const auto* why = std::get_if<Status>(&owned)) return one.finish(*why);
  const auto& message = std::get<spool::message_row>(owned);
  const auto rows = store.load_recipients(message.id);
  if (!rows) return one.finish(rows.error().is(errc::not_found) ? no_such_submission() : store_unreadable());
  v1::GetSubmissionResponse response;
  fill(response, message, *rows);
  one.finish_ok(response);
}

void answer_cancellation(unary_call& one, const result<std::vector<spool::recipient_row>>& rows) {
  if (!rows) return one.finish(rows.error().is(errc::not_found) ? no_such_submission() : store_unreadable());
  v1::CancelSubmissionResponse response;
  for (const spool::recipient_row& row : *rows) fill(*response.add_recipients(), row);
  one.finish_ok(response);
}

std::optional<std::uint64_t> read_cursor(const std::string& text) {
  return text.empty() ? std::optional<std::uint64_t>{0} : parse_decimal(text);
}

}  // namespace

caller submission_service::identify_caller(const call& context) const {
  return identify(credentials_of(context), door_.services.settings.load());
}

std::optional<Status> submission_service::refuses(const caller& who) const {
  if (!who.known()) return unauthenticated();
  if (door_.is_draining()) return draining();
  return std::nullopt;
}

::grpc::ServerUnaryReactor* submission_service::Submit(call* context, const bytes* request, bytes* response) {
  auto one = std::make_unique<unary_call>(door_.calls, *context, *request, *response);
  ::grpc::ServerUnaryReactor* reactor = one->reactor();
  caller who = identify_caller(*context);
  const std::size_t size = one->request_size();
  if (const auto why = refuses(who)) {
    one->finish(*why);
  } else if (!door_.submissions.take(size)) {
    one->finish(too_busy());
  } else {
    start_submission(door_, std::move(who), std::make_unique<unary_exchange>(std::move(one)), size);
  }
  return reactor;
}

::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>* submission_service::SubmitStream(call* context) {
  using refused = refused_stream<::grpc::ServerBidiReactor<bytes, bytes>>;
  caller who = identify_caller(*context);
  if (const auto why = refuses(who)) return new refused{*why};
  auto stream = std::make_unique<submit_stream>(door_, std::move(who));
  if (!door_.streams.add(*stream)) return new refused{draining()};
  stream->start();
  return stream.release();  // deletes itself when gRPC is done with it
}

void submission_service::read_later(const std::shared_ptr<unary_call>& one, std::function<void()> work) {
  if (!door_.services.readers.post(std::move(work))) one->finish(too_busy());
}

::grpc::ServerUnaryReactor* submission_service::GetSubmission(call* context, const bytes* request, bytes* response) {
  const auto one = std::make_shared<unary_call>(door_.calls, *context, *request, *response);
  ::grpc::ServerUnaryReactor* reactor = one->reactor();
  const caller who = identify_caller(*context);
  if (!who.known()) {
    one->finish(unauthenticated());
  } else {
    read_later(one, [&store = door_.services.store, one, tenant = who.client->tenant] {
      get_submission(store, *one, tenant);
    });
  }
  return reactor;
}

::grpc::ServerUnaryReactor* submission_service::CancelSubmission(call* context, const bytes* request, bytes* response) {
  const auto one = std::make_shared<unary_call>(door_.calls, *context, *request, *response);
  ::grpc::ServerUnaryReactor* reactor = one->reactor();
  const caller who = identify_caller(*context);
  if (!who.known()) {
    one->finish(unauthenticated());
    return reactor;
  }
  read_later(one, [this, one, tenant = who.client->tenant] {
    v1::CancelSubmissionRequest wanted;
    if (!one->parse(wanted)) return one->finish(not_the_protocol());
    const auto owned = load_owned(door_.services.store, wanted.queue_id(), tenant);
    if (const auto* why = std::get_if<Status>(&owned)) return one->finish(*why);
    door_.services.cancel(
        std::get<spool::message_row>(owned).id,
        [one](const result<std::vector<spool::recipient_row>>& rows) { answer_cancellation(*one, rows); });
  });
  return reactor;
}

::grpc::ServerWriteReactor<::grpc::ByteBuffer>* submission_service::WatchEvents(call* context, const bytes* request) {
  using refused = refused_stream<::grpc::ServerWriteReactor<bytes>>;
  const caller who = identify_caller(*context);
  if (const auto why = refuses(who)) return new refused{*why};
  v1::WatchEventsRequest wanted;  // small: a cursor
  bytes copy = *request;
  if (copy.Length() > 1024 || !parse_bytes(copy, wanted)) return new refused{not_the_protocol()};
  const auto cursor = read_cursor(wanted.cursor());
  if (!cursor) return new refused{status_of_faults({{"cursor", "is no cursor of this service"}})};
  if (door_.watchers.fetch_add(1, std::memory_order_relaxed) >= watchers_max) {
    door_.watchers.fetch_sub(1, std::memory_order_relaxed);
    return new refused{too_busy()};
  }
  auto watch = std::make_unique<event_watch>(door_, who.client->tenant, *cursor);
  if (!door_.streams.add(*watch)) {
    door_.watchers.fetch_sub(1, std::memory_order_relaxed);
    return new refused{draining()};
  }
  watch->start();
  return watch.release();  // deletes itself when gRPC is done with it
}

}  // namespace stellwerk::ingress::grpc
