#include "gateway/ingress/grpc/submit_task.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "gateway/ingress/grpc/call_status.hpp"
#include "gateway/ingress/grpc/row_mapping.hpp"
#include "gateway/ingress/grpc/submission_mapping.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;

// What one submission holds from its arrival to its answer.
class submit_task {
 public:
  submit_task(grpc_door& door, admission_place& place, caller who, std::unique_ptr<submit_exchange> exchange,
              std::size_t bytes)
      : door_{&door}, place_{&place}, who_{std::move(who)}, exchange_{std::move(exchange)}, bytes_{bytes} {}
  submit_task(submit_task&& other) noexcept = default;
  submit_task& operator=(submit_task&&) = delete;
  ~submit_task() {
    if (exchange_) take_exchange().reset();
  }

  [[nodiscard]] async::awaitable<void> run() {
    submit_answer answer = co_await make_answer();
    take_exchange()->answer(std::move(answer));
  }

  [[nodiscard]] admission_place& place() { return *place_; }

 private:
  // The answer is the last thing: once it is given the door may go.
  std::unique_ptr<submit_exchange> take_exchange() {
    door_->submissions.give_back(bytes_);
    return std::move(exchange_);
  }

  submit_answer refuse(google::rpc::Status status) {
    door_->services.metrics.door(mail::ingress_kind::grpc, "grpc").count_refused(refusal_kind::malformed, std::nullopt);
    return status;
  }

  [[nodiscard]] async::awaitable<submit_answer> make_answer() {
    v1::Submission request;
    if (auto broken = exchange_->read(request)) co_return refuse(std::move(*broken));
    const mapping_context context{*who_.client, who_.settings->node_name, door_->services.time.now(), place_->random};
    mapped_submission mapped = map_submission(request, context);
    if (!mapped.faults.empty()) co_return refuse(status_of_faults(mapped.faults));
    // After the commit was asked for it is too late: the key answers the client's repetition.
    if (exchange_->gone()) {
      co_return make_status(::grpc::StatusCode::CANCELLED, "CALL_ENDED", "the call ended before the message was taken");
    }
    const admission_answer outcome = co_await place_->admission.admit(std::move(mapped.submission), *who_.client);
    if (const auto* refused = std::get_if<refusal>(&outcome)) co_return status_of(*refused, mapped.form);
    const admitted& taken = std::get<admitted>(outcome);
    v1::SubmitResponse response;
    response.set_queue_id(taken.message.id().to_string());
    response.set_duplicate(taken.message.duplicate());
    response.set_traffic_stream(to_wire(taken.stream));
    response.set_stream_reason(taken.stream_reason);
    for (const recipient_verdict& verdict : taken.recipients) fill(*response.add_recipients(), verdict);
    if (taken.message.duplicate()) co_await show_first(taken.message.id(), response);
    co_return response;
  }

  // A repetition is told what became of the first one; without the rows its id is enough.
  [[nodiscard]] async::awaitable<void> show_first(queue_id id, v1::SubmitResponse& response) {
    auto read = [&store = door_->services.store, id]() -> result<v1::SubmitResponse> {
      const auto message = store.load_message_row(id);
      if (!message) return message.error();
      const auto rows = store.load_recipients(id);
      if (!rows) return rows.error();
      v1::SubmitResponse shown;
      shown.set_traffic_stream(to_wire(message->stream));
      shown.set_stream_reason(message->stream_reason);
      for (const spool::recipient_row& row : *rows) fill(*shown.add_recipients(), row);
      return shown;
    };
    auto first = co_await door_->services.readers.run(read);
    if (!first) co_return;
    response.clear_recipients();
    response.MergeFrom(*first);
  }

  grpc_door* door_;
  admission_place* place_;
  caller who_;
  std::unique_ptr<submit_exchange> exchange_;
  std::size_t bytes_;
};

async::awaitable<void> run(submit_task task) { co_await task.run(); }

}  // namespace

void start_submission(grpc_door& door, caller who, std::unique_ptr<submit_exchange> exchange, std::size_t bytes) {
  admission_place& place = door.next_place();
  submit_task task{door, place, std::move(who), std::move(exchange), bytes};
  boost::asio::post(place.context, [task = std::move(task)]() mutable {
    admission_place& here = task.place();
    here.tasks.spawn("grpc.submit", run(std::move(task)), async::on_stop::finish);
  });
}

google::rpc::Status not_the_protocol() {
  return make_status(::grpc::StatusCode::INVALID_ARGUMENT, "UNREADABLE_REQUEST",
                     "the request is no message of this protocol, or a text is not UTF-8");
}

}  // namespace stellwerk::ingress::grpc
