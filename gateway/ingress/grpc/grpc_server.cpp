#include "gateway/ingress/grpc/grpc_server.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "base/net/host_port.hpp"
#include "gateway/ingress/grpc/grpc_door.hpp"
#include "gateway/ingress/grpc/server_certificates.hpp"
#include "gateway/ingress/grpc/submission_service.hpp"

namespace stellwerk::ingress::grpc {
namespace {

constexpr std::uint64_t request_margin = 1024 * 1024;  // what stands around the content: labels, recipients, parts
constexpr std::size_t transport_memory_max = 1024UL * 1024 * 1024;
constexpr auto connection_age_max = std::chrono::minutes{10};  // so that load balancers rebalance
constexpr auto connection_age_grace = std::chrono::minutes{5};
constexpr auto keepalive_time = std::chrono::minutes{1};
constexpr auto keepalive_timeout = std::chrono::seconds{20};
constexpr auto client_ping_interval_min = std::chrono::seconds{10};
constexpr std::uint64_t header_bytes_max = 16 * 1024;
constexpr duration last_octets_time{500};  // for the last answers to reach their clients

int milliseconds(duration time) { return static_cast<int>(time.count()); }

// A monotonic deadline, as gRPC wants it.
gpr_timespec deadline_after(duration left) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(std::max<duration::rep>(left.count(), 0), GPR_TIMESPAN));
}

// The bounds of a peer that is not a friend (toolchain.md section 1.4).
void set_limits(::grpc::ServerBuilder& builder, const grpc_config& config) {
  constexpr std::uint64_t int_max = std::numeric_limits<int>::max();
  builder.SetMaxReceiveMessageSize(static_cast<int>(std::min(config.size_max + request_margin, int_max)));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(config.streams_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(header_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, milliseconds(connection_age_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, milliseconds(connection_age_grace));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             milliseconds(client_ping_interval_min));
  // Two processes on one port would share the clients between them unseen.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  ::grpc::ResourceQuota quota{"stellwerk"};
  quota.Resize(transport_memory_max);
  builder.SetResourceQuota(quota);
}

// What the libraries write to standard error is no line of our log, and peers could write into it through them.
void silence_libraries() {
  gpr_set_log_function([](gpr_log_func_args* /*line*/) {});
  google::protobuf::SetLogHandler(nullptr);
}

// Both register with every server built from then on, so once is enough.
void enable_plugins(const grpc_config& config) {
  ::grpc::EnableDefaultHealthCheckService(true);
  if (config.reflection) ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

}  // namespace

struct grpc_server::parts {
  explicit parts(grpc_services with) : door{std::move(with)}, service{door} {}

  void set_serving(bool serving) const {
    auto* health = server->GetHealthCheckService();
    if (health == nullptr) return;
    health->SetServingStatus(serving);
    health->SetServingStatus(stellwerk::v1::SubmissionService::service_full_name(), serving);
  }

  grpc_door door;
  submission_service service;
  std::shared_ptr<server_certificates> certificates;  // null: plaintext
  std::shared_ptr<::grpc::ServerCredentials> credentials;
  std::unique_ptr<::grpc::Server> server;
};

grpc_server::grpc_server(grpc_services services) : parts_{std::make_unique<parts>(std::move(services))} {}

grpc_server::~grpc_server() { stop(); }

result<net::endpoint_address> grpc_server::start(const grpc_config& config) {
  auto address = net::parse_listen_address(config.address);
  if (!address) return address.error();
  parts_->credentials = ::grpc::InsecureServerCredentials();
  if (!config.certificate.empty()) {
    auto certificates = std::make_shared<server_certificates>();
    if (const auto loaded = certificates->load(config, parts_->door.services.time.now()); !loaded)
      return loaded.error();
    parts_->credentials = make_credentials(certificates);
    parts_->certificates = std::move(certificates);
  }
  silence_libraries();
  enable_plugins(config);
  ::grpc::ServerBuilder builder;
  set_limits(builder, config);
  int port = 0;
  builder.AddListeningPort(address->to_string(), parts_->credentials, &port);
  builder.RegisterService(&parts_->service);
  parts_->server = builder.BuildAndStart();
  if (!parts_->server || port <= 0) {
    parts_->server.reset();
    return error{boost::system::errc::make_error_code(boost::system::errc::address_in_use), "grpc.listen"};
  }
  parts_->set_serving(true);
  // What was written between the making of the door and its first notice.
  notify_ledger(parts_->door.services.store.last_ledger_sequence());
  address->port = static_cast<std::uint16_t>(port);
  return *address;
}

result<void> grpc_server::reload_certificates() {
  if (!parts_->certificates) return {};
  const auto settings = parts_->door.services.settings.load();
  const auto loaded = parts_->certificates->load(settings->grpc, parts_->door.services.time.now());
  if (!loaded) return loaded.error();
  if (*loaded) parts_->door.services.log.info("certificate_loaded", {{"listener", "grpc"}});
  return {};
}

std::optional<time_point> grpc_server::certificate_end() const {
  return parts_->certificates ? parts_->certificates->end() : std::nullopt;
}

void grpc_server::drain(steady_point deadline) {
  if (!parts_->server) return;
  parts_->door.draining.store(true, std::memory_order_relaxed);
  parts_->set_serving(false);
  parts_->door.streams.stop_all();
  const auto left = std::chrono::duration_cast<duration>(deadline - parts_->door.services.time.steady());
  parts_->door.calls.wait_none(std::max(left, duration{0}));
  parts_->server->Shutdown(deadline_after(last_octets_time));
}

void grpc_server::stop() {
  if (!parts_->server) return;
  parts_->door.draining.store(true, std::memory_order_relaxed);
  parts_->door.streams.stop_all();
  parts_->server->Shutdown(deadline_after(duration{0}));
  parts_->door.calls.wait_none();  // gRPC is done with a call before its last thread is
  parts_->server.reset();
}

void grpc_server::notify_ledger(std::uint64_t sequence) { parts_->door.feed.notify(sequence); }

}  // namespace stellwerk::ingress::grpc
