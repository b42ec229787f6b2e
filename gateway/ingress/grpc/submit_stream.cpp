#include "gateway/ingress/grpc/submit_stream.hpp"

#include <memory>
#include <utility>

#include "gateway/ingress/grpc/call_status.hpp"
#include "gateway/ingress/grpc/wire_bytes.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;

constexpr std::size_t correlation_octets_max = 255;

}  // namespace

class submit_stream::exchange final : public submit_exchange {
 public:
  exchange(submit_stream& stream, ::grpc::ByteBuffer bytes) : stream_{stream}, bytes_{std::move(bytes)} {}
  ~exchange() override {
    if (!answered_) answer(draining());
  }

  std::optional<google::rpc::Status> read(v1::Submission& into) override {
    v1::SubmitStreamRequest request;
    if (!parse_bytes(bytes_, request)) return not_the_protocol();
    if (request.correlation_id().size() > correlation_octets_max)
      return status_of_faults({{"correlation_id", "is longer than 255 octets"}});
    correlation_id_ = std::move(*request.mutable_correlation_id());
    into = std::move(*request.mutable_submission());
    return std::nullopt;
  }

  bool gone() const override { return stream_.gone(); }

  void answer(submit_answer with) override {
    answered_ = true;
    v1::SubmitStreamResponse response;
    response.set_correlation_id(std::move(correlation_id_));
    if (auto* accepted = std::get_if<v1::SubmitResponse>(&with)) {
      *response.mutable_accepted() = std::move(*accepted);
    } else {
      *response.mutable_refused() = std::get<google::rpc::Status>(std::move(with));
    }
    stream_.answered(to_bytes(response));
  }

 private:
  submit_stream& stream_;
  ::grpc::ByteBuffer bytes_;
  std::string correlation_id_;
  bool answered_ = false;
};

submit_stream::submit_stream(grpc_door& door, caller who)
    : door_{door}, under_way_{door.calls}, who_{std::move(who)}, unanswered_max_{who_.settings->grpc.unanswered_max} {}

void submit_stream::start() {
  const std::lock_guard lock{mutex_};
  read_on();
}

void submit_stream::OnReadDone(bool ok) {
  std::unique_ptr<exchange> next;
  std::size_t size = 0;
  std::optional<::grpc::Status> end;
  {
    const std::lock_guard lock{mutex_};
    reading_ = false;
    if (ok) {
      ++unanswered_;
      size = incoming_.Length();
      next = std::make_unique<exchange>(*this, std::move(incoming_));
      incoming_.Clear();
      read_on();
    } else {
      ended_ = true;
      end = take_end();
    }
  }
  if (next) {
    // Answered by its end: too much at once.
    if (door_.submissions.take(size)) {
      start_submission(door_, who_, std::move(next), size);
    } else {
      next->answer(too_busy());
    }
  }
  if (end) Finish(*end);
}

void submit_stream::answered(::grpc::ByteBuffer answer) {
  std::optional<::grpc::Status> end;
  {
    const std::lock_guard lock{mutex_};
    if (broken_) {
      --unanswered_;
      end = take_end();
    } else {
      outgoing_.push_back(std::move(answer));
      write_on();
    }
  }
  if (end) Finish(*end);
}

void submit_stream::OnWriteDone(bool ok) {
  std::optional<::grpc::Status> end;
  {
    const std::lock_guard lock{mutex_};
    writing_ = false;
    if (!ok) broken_ = true;
    const std::size_t through = broken_ ? outgoing_.size() : 1;
    outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(through));
    unanswered_ -= static_cast<std::uint32_t>(through);
    write_on();
    read_on();
    end = take_end();
  }
  if (end) Finish(*end);
}

// What comes back from now on goes nowhere; the reads and writes under way end by themselves.
void submit_stream::OnCancel() {
  std::optional<::grpc::Status> end;
  {
    const std::lock_guard lock{mutex_};
    broken_ = true;
    ended_ = true;
    end = take_end();
  }
  if (end) Finish(*end);
}

void submit_stream::OnDone() {
  door_.streams.remove(*this);
  delete this;
}

void submit_stream::stop() {
  std::optional<::grpc::Status> end;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    end = take_end();
  }
  if (end) Finish(*end);
}

bool submit_stream::gone() {
  const std::lock_guard lock{mutex_};
  return broken_;
}

void submit_stream::read_on() {
  if (reading_ || ended_ || stopping_ || finished_ || unanswered_ >= unanswered_max_) return;
  reading_ = true;
  StartRead(&incoming_);
}

void submit_stream::write_on() {
  if (writing_ || broken_ || finished_ || outgoing_.empty()) return;
  writing_ = true;
  StartWrite(&outgoing_.front());
}

std::optional<::grpc::Status> submit_stream::take_end() {
  if (finished_ || unanswered_ > 0 || writing_ || !(ended_ || stopping_)) return std::nullopt;
  finished_ = true;
  return ended_ ? ::grpc::Status::OK : to_grpc(draining());
}

}  // namespace stellwerk::ingress::grpc
