// grpc_load: submits messages over gRPC from one client and says how long that took.
//
//   grpc_load --address HOST:PORT --token TOKEN --mode unary|stream --count N [--in-flight 64] [--size 2048] [--kind
//   t|m]
//
// unary: --in-flight calls at a time (1: a lone submit after the other). stream: one SubmitStream, written as fast as
// the server reads. Prints one JSON line: counts, seconds, and of unary calls the latency. Any refusal is counted and
// named once.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stellwerk/v1/submission.grpc.pb.h"
#include "tests/bench/tools/socket_loop.hpp"

namespace bench {
namespace {

namespace v1 = stellwerk::v1;

struct tally {
  std::int64_t accepted = 0;
  std::int64_t refused = 0;
  std::vector<std::int64_t> latencies;

  void refuse(const std::string& why) {
    if (++refused == 1) std::fprintf(stderr, "refused: %s\n", why.c_str());
  }
};

v1::Submission make_submission(const options& given) {
  v1::Submission made;
  made.mutable_envelope()->set_reverse_path("shop@source.test");
  made.mutable_envelope()->add_recipients("ann@sink.test");
  std::string content =
      "From: Shop <shop@source.test>\r\nTo: Ann <ann@sink.test>\r\nSubject: What you asked for\r\n"
      "Date: Sat, 01 Aug 2026 10:00:00 +0000\r\nMessage-ID: <one@source.test>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n\r\n";
  const auto size = static_cast<std::size_t>(given.number("size", 2048));
  while (content.size() < size) content += "A line of sixty-two octets, as people write them in their mails\r\n";
  made.set_raw(content);
  made.set_traffic_stream(given.text("kind", "t") == "m" ? v1::TRAFFIC_STREAM_MARKETING
                                                         : v1::TRAFFIC_STREAM_TRANSACTIONAL);
  return made;
}

void identify(grpc::ClientContext& context, const options& given) {
  context.AddMetadata("authorization", "Bearer " + given.text("token"));
}

struct unary_call {
  grpc::ClientContext context;
  v1::SubmitResponse answer;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::SubmitResponse>> reader;
  std::int64_t began = 0;
};

tally run_unary(v1::SubmissionService::Stub& stub, const options& given) {
  const std::int64_t count = given.number("count", 1);
  const std::int64_t in_flight = std::min(count, given.number("in-flight", 64));
  v1::SubmitRequest request;
  *request.mutable_submission() = make_submission(given);
  grpc::CompletionQueue done;
  const auto start = [&] {
    auto* call = new unary_call;  // deleted when its tag comes back
    identify(call->context, given);
    call->began = now_nanoseconds();
    call->reader = stub.AsyncSubmit(&call->context, request, &done);
    call->reader->Finish(&call->answer, &call->status, call);
  };
  tally sum;
  sum.latencies.reserve(static_cast<std::size_t>(count));
  std::int64_t started = 0;
  for (; started < in_flight; ++started) start();
  for (std::int64_t finished = 0; finished < count; ++finished) {
    void* tag = nullptr;
    bool ok = false;
    done.Next(&tag, &ok);
    const std::unique_ptr<unary_call> call{static_cast<unary_call*>(tag)};
    if (call->status.ok()) {
      ++sum.accepted;
      sum.latencies.push_back(now_nanoseconds() - call->began);
    } else {
      sum.refuse(call->status.error_message());
    }
    if (started < count) {
      ++started;
      start();
    }
  }
  done.Shutdown();
  return sum;
}

tally run_stream(v1::SubmissionService::Stub& stub, const options& given) {
  const std::int64_t count = given.number("count", 1);
  grpc::ClientContext context;
  identify(context, given);
  const auto stream = stub.SubmitStream(&context);
  tally sum;
  std::jthread reading{[&] {
    v1::SubmitStreamResponse answer;
    while (stream->Read(&answer)) {
      if (answer.has_accepted()) {
        ++sum.accepted;
      } else {
        sum.refuse(answer.refused().message());
      }
    }
  }};
  v1::SubmitStreamRequest request;
  *request.mutable_submission() = make_submission(given);
  for (std::int64_t i = 0; i < count; ++i) {
    request.set_correlation_id(std::to_string(i));
    if (!stream->Write(request)) break;
  }
  stream->WritesDone();
  reading.join();
  if (const grpc::Status status = stream->Finish(); !status.ok()) sum.refuse(status.error_message());
  return sum;
}

double microseconds(const std::vector<std::int64_t>& ordered, double share) {
  if (ordered.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(ordered.size()));
  return static_cast<double>(ordered[std::min(at, ordered.size() - 1)]) / 1e3;
}

int run(int count, char** arguments) {
  const options given{count, arguments, "address token mode count in-flight size kind"};
  const auto channel = grpc::CreateChannel(given.text("address"), grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds{10}))
    fail("connect to " + given.text("address"));
  const auto stub = v1::SubmissionService::NewStub(channel);
  const std::int64_t begun = now_nanoseconds();
  tally sum = given.text("mode") == "stream" ? run_stream(*stub, given) : run_unary(*stub, given);
  const double seconds = static_cast<double>(now_nanoseconds() - begun) / 1e9;
  std::sort(sum.latencies.begin(), sum.latencies.end());
  std::printf(
      "{\"accepted\": %lld, \"refused\": %lld, \"seconds\": %.4f, \"p50_us\": %.0f, \"p99_us\": %.0f, \"max_us\": "
      "%.0f}\n",
      static_cast<long long>(sum.accepted), static_cast<long long>(sum.refused), seconds,
      microseconds(sum.latencies, 0.5), microseconds(sum.latencies, 0.99), microseconds(sum.latencies, 1));
  return sum.refused == 0 ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) { return bench::run(count, arguments); }
