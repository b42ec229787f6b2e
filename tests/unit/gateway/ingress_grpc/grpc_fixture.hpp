// The gRPC door on loopback between a store in memory, a scripted admission and a real client.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include "base/async/completion.hpp"
#include "base/async/io_threads.hpp"
#include "base/sha256.hpp"
#include "gateway/events/ledger_event.hpp"
#include "gateway/ingress/grpc/grpc_server.hpp"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "stellwerk/v1/submission.grpc.pb.h"

namespace stellwerk::ingress::grpc {

// Messages, recipients and a ledger in memory; no lanes and no writes of its own.
class memory_store final : public spool::store {
 public:
  static spool::accepted_message proof(const queue_id& id, bool duplicate) { return make_accepted(id, duplicate); }

  void put(spool::message_row message, std::vector<spool::recipient_row> recipients) {
    const std::lock_guard lock{mutex_};
    const queue_id id = message.id;
    messages_.insert_or_assign(id, std::move(message));
    recipients_.insert_or_assign(id, std::move(recipients));
  }
  std::uint64_t append(std::string tenant, std::string payload) {
    const std::lock_guard lock{mutex_};
    ledger_.push_back({ledger_.size() + 1, std::move(tenant), std::move(payload)});
    return ledger_.size();
  }

  void accept(spool::accept_request, spool::accept_completion done) override { done(error{errc::unsupported, "test"}); }
  void settle(spool::settle_request, spool::settle_completion done) override { done(error{errc::unsupported, "test"}); }
  result<spool::loaded_message> load_message(const queue_id&) override { return error{errc::not_found, "test"}; }
  result<spool::message_row> load_message_row(const queue_id& id) override {
    const std::lock_guard lock{mutex_};
    const auto found = messages_.find(id);
    if (found == messages_.end()) return error{errc::not_found, "test"};
    return found->second;
  }
  result<std::vector<spool::recipient_row>> load_recipients(const queue_id& id) override {
    const std::lock_guard lock{mutex_};
    const auto found = recipients_.find(id);
    if (found == recipients_.end()) return error{errc::not_found, "test"};
    return found->second;
  }
  result<spool::recipient_row> load_recipient(const spool::recipient_key&) override {
    return error{errc::not_found, "test"};
  }
  result<std::vector<spool::due_entry>> scan_lane(spool::lane_id, const spool::due_entry&, std::size_t) override {
    return std::vector<spool::due_entry>{};
  }
  result<std::vector<spool::listed_recipient>> list(const spool::message_filter&) override {
    return std::vector<spool::listed_recipient>{};
  }
  result<std::vector<spool::ledger_row>> read_ledger(std::uint64_t after, std::string_view tenant,
                                                     std::size_t limit) override {
    const std::lock_guard lock{mutex_};
    std::vector<spool::ledger_row> out;
    for (const spool::ledger_row& row : ledger_) {
      if (row.sequence > after && (tenant.empty() || row.tenant == tenant) && out.size() < limit) out.push_back(row);
    }
    return out;
  }
  result<std::optional<std::string>> load_note(std::string_view) override { return std::optional<std::string>{}; }
  result<std::vector<spool::suppression_row>> list_suppressions(const spool::suppression_filter&) override {
    return std::vector<spool::suppression_row>{};
  }
  std::vector<spool::lane_row> lanes() const override { return {}; }
  result<std::vector<spool::recipient_row>> open_intents() override { return std::vector<spool::recipient_row>{}; }
  std::uint64_t count(mail::traffic_stream, mail::recipient_state) const override { return 0; }
  std::map<spool::lane_id, std::uint64_t> in_line() const override { return {}; }
  std::uint64_t tied_to(std::string_view) const override { return 0; }
  std::vector<spool::usage_row> usage() const override { return {}; }
  spool::store_health health() const override { return {}; }
  std::uint64_t last_ledger_sequence() const override {
    const std::lock_guard lock{mutex_};
    return ledger_.size();
  }
  void close() override {}

 private:
  mutable std::mutex mutex_;
  std::map<queue_id, spool::message_row> messages_;
  std::map<queue_id, std::vector<spool::recipient_row>> recipients_;
  std::vector<spool::ledger_row> ledger_;
};

// Accepts everything, unless told to refuse; may keep submissions until released.
class scripted_admission final : public admission {
 public:
  async::awaitable<admission_answer> admit(mail::submission submission, const client_config& client) override {
    const async::completion<bool> go{co_await boost::asio::this_coro::executor};
    queue_id id;
    std::optional<refusal> refused;
    bool duplicate = false;
    bool held = false;
    {
      const std::lock_guard lock{mutex_};
      id.bytes[15] = static_cast<std::uint8_t>(seen_.size() + 1);
      id.bytes[14] = static_cast<std::uint8_t>((seen_.size() + 1) >> 8);
      refused = refuse_with;
      if (repeat_of) {
        id = *repeat_of;
        duplicate = true;
      }
      clients_.push_back(client.name);
      held = hold;
      if (held) waiting_.push_back(go);
      seen_.push_back(submission);
    }
    changed_.notify_all();
    if (held) {
      const bool released = co_await go.wait();
      (void)released;
    }
    if (refused) co_return admission_answer{*refused};
    admitted taken{memory_store::proof(id, duplicate), mail::traffic_stream::transactional, "default", {}};
    if (!duplicate) {
      for (const auto& one : submission.envelope.recipients)
        taken.recipients.push_back({one.address, mail::recipient_state::ready, "", ""});
    }
    co_return admission_answer{std::move(taken)};
  }

  bool wait_for_seen(std::size_t number) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return seen_.size() >= number; });
  }
  std::vector<mail::submission> seen() {
    const std::lock_guard lock{mutex_};
    return seen_;
  }
  std::vector<std::string> clients() {
    const std::lock_guard lock{mutex_};
    return clients_;
  }
  void release_all() {
    std::vector<async::completion<bool>> waiting;
    {
      const std::lock_guard lock{mutex_};
      hold = false;
      waiting.swap(waiting_);
    }
    for (const auto& one : waiting) one.set(true);
  }

  // Set before the calls they are for.
  std::optional<refusal> refuse_with;
  std::optional<queue_id> repeat_of;
  bool hold = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<mail::submission> seen_;
  std::vector<std::string> clients_;
  std::vector<async::completion<bool>> waiting_;
};

class grpc_fixture : public testing::Test {
 protected:
  static constexpr const char* token = "let-me-in";

  grpc_fixture() : threads_{2, "io", [](std::size_t, std::chrono::nanoseconds) {}}, readers_{2, 1000, "reader"} {
    config_.address = "127.0.0.1:0";
    threads_.start();
  }

  ~grpc_fixture() override {
    admission_.release_all();
    server_.reset();
    readers_.stop();
    threads_.stop();
    threads_.join();
  }

  void start() {
    client_config shop;
    shop.name = "shop";
    shop.tenant = "acme";
    shop.token_hash = sha256_hex(token);
    client_config rival;
    rival.name = "rival";
    rival.tenant = "umbrella";
    rival.token_hash = sha256_hex("other-token");
    client_config crm;
    crm.name = "crm";
    crm.tenant = "acme";
    crm.certificate_names = {"crm.internal"};
    publish_settings({shop, rival, crm});
    grpc_services services{{}, store_, readers_, *settings_, {}, pressure_, clock_, null_logger(), metrics_};
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      places_.push_back(std::make_unique<place>(threads_.at(i), i));
      services.places.push_back({threads_.at(i), places_.back()->tasks, admission_, places_.back()->random});
    }
    services.cancel = [this](const queue_id& id, auto done) { cancel(id, done); };
    server_ = std::make_unique<grpc_server>(std::move(services));
    const auto started = server_->start(config_);
    ASSERT_TRUE(started) << started.error().message();
    address_ = *started;
    channel_ = ::grpc::CreateChannel(address_.to_string(), client_credentials());
    stub_ = stellwerk::v1::SubmissionService::NewStub(channel_);
  }

  void publish_settings(std::vector<client_config> clients) {
    auto made = std::make_shared<door_settings>(std::move(clients));
    made->node_name = "gw.example";
    made->grpc = config_;
    if (settings_) {
      settings_->publish(made);
    } else {
      settings_ = std::make_unique<published_settings>(made);
    }
  }

  virtual std::shared_ptr<::grpc::ChannelCredentials> client_credentials() {
    return ::grpc::InsecureChannelCredentials();
  }

  virtual void cancel(const queue_id& id, const std::function<void(result<std::vector<spool::recipient_row>>)>& done) {
    done(store_.load_recipients(id));
  }

  static void authorize(::grpc::ClientContext& context, std::string with = std::string{"Bearer "} + token) {
    context.AddMetadata("authorization", std::move(with));
    limit(context);
  }
  static void limit(::grpc::ClientContext& context) {
    context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(20, GPR_TIMESPAN)));
  }

  static stellwerk::v1::Submission small_submission() {
    stellwerk::v1::Submission one;
    one.mutable_envelope()->set_reverse_path("shop@shop.example");
    one.mutable_envelope()->add_recipients("anna@example.org");
    one.set_raw("From: shop@shop.example\r\n\r\nHello.\r\n");
    return one;
  }

  ::grpc::Status submit(const stellwerk::v1::Submission& what, stellwerk::v1::SubmitResponse* answer = nullptr,
                        std::string authorization = std::string{"Bearer "} + token) {
    ::grpc::ClientContext context;
    if (authorization.empty()) {
      limit(context);
    } else {
      authorize(context, std::move(authorization));
    }
    stellwerk::v1::SubmitRequest request;
    *request.mutable_submission() = what;
    stellwerk::v1::SubmitResponse ignored;
    return stub_->Submit(&context, request, answer != nullptr ? answer : &ignored);
  }

  static std::string reason_of(const ::grpc::Status& status) {
    google::rpc::Status details;
    if (!details.ParseFromString(status.error_details())) return "no details";
    google::rpc::ErrorInfo info;
    for (const auto& one : details.details()) {
      if (one.UnpackTo(&info)) return info.reason();
    }
    return "no ErrorInfo";
  }

  static spool::message_row message_of(const queue_id& id, std::string tenant) {
    spool::message_row row;
    row.id = id;
    row.tenant = std::move(tenant);
    row.stream = mail::traffic_stream::marketing;
    row.stream_reason = "rule bulk";
    return row;
  }
  static spool::recipient_row recipient_of(const queue_id& id, std::string address, mail::recipient_state state) {
    spool::recipient_row row;
    row.key = {id, 0};
    row.address = std::move(address);
    row.state = state;
    return row;
  }
  static queue_id id_number(std::uint8_t number) {
    queue_id id;
    id.bytes[0] = 1;
    id.bytes[15] = number;
    return id;
  }
  std::uint64_t tell(std::string tenant, const std::string& address) {
    events::ledger_event event;
    event.recipient = address;
    return store_.append(std::move(tenant), events::encode(event));
  }

  struct place {
    place(async::io_context& context, std::uint64_t seed)
        : random{seed}, tasks{context.get_executor(), [](std::string_view, std::string_view) {}} {}
    seeded_random random;
    async::task_group tasks;
  };

  system_clock clock_;
  memory_store store_;
  scripted_admission admission_;
  door_pressure pressure_;
  ingress_metrics metrics_{null_metric_registry(), {}};
  grpc_config config_;
  async::io_threads threads_;
  async::blocking_pool readers_;
  std::unique_ptr<published_settings> settings_;
  std::vector<std::unique_ptr<place>> places_;
  std::unique_ptr<grpc_server> server_;
  net::endpoint_address address_;
  std::shared_ptr<::grpc::Channel> channel_;
  std::unique_ptr<stellwerk::v1::SubmissionService::Stub> stub_;
};

}  // namespace stellwerk::ingress::grpc
