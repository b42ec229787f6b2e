// The gRPC door: SubmissionService, health and reflection on one address (contracts section 4).
//
// gRPC's own threads authenticate and hand over at once; mapping and admission run on the io threads ("places"), reads
// on the reader pool. Thread rule: every call from any thread; start once, drain and stop in this order. REQUIRES that
// what `grpc_services` refers to outlives the server, and that io threads, readers and the store run until stop()
// returned: calls under way are answered, never dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/async/blocking_pool.hpp"
#include "base/async/task_group.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/net/stream.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "gateway/ingress/admission.hpp"
#include "gateway/ingress/door_pressure.hpp"
#include "gateway/ingress/door_settings.hpp"
#include "gateway/ingress/ingress_config.hpp"
#include "gateway/ingress/ingress_metrics.hpp"
#include "gateway/spool/spool.hpp"

namespace stellwerk::ingress::grpc {

// Where submissions are admitted: one io thread with what is bound to it.
struct admission_place {
  async::io_context& context;
  async::task_group& tasks;
  ingress::admission& admission;
  random_source& random;  // of this thread: boundaries and Message-IDs of composed messages
};

// Cancels what can be cancelled of a message; `done` gets every recipient's row as it is afterwards, on any thread.
using cancel_function =
    std::function<void(const queue_id& id, std::function<void(result<std::vector<spool::recipient_row>>)> done)>;

struct grpc_services {
  std::vector<admission_place> places;  // at least one
  spool::store& store;
  async::blocking_pool& readers;
  const published_settings& settings;
  cancel_function cancel;
  const door_pressure& pressure;
  const clock& time;
  logger& log;
  ingress_metrics& metrics;
};

class grpc_server {
 public:
  explicit grpc_server(grpc_services services);
  ~grpc_server();  // stops
  grpc_server(const grpc_server&) = delete;
  grpc_server& operator=(const grpc_server&) = delete;

  // Binds and serves; the address with the port taken. Fails when the address cannot be bound or key and certificate
  // are not usable.
  [[nodiscard]] result<net::endpoint_address> start(const grpc_config& config);

  // New handshakes use the files of the published settings as they are now; when they are not usable the old ones stay
  // and the error says why. Nothing to do without TLS.
  [[nodiscard]] result<void> reload_certificates();
  // When the certificate shown now ends; nullopt without one.
  [[nodiscard]] std::optional<time_point> certificate_end() const;

  // Health says NOT_SERVING, new calls are UNAVAILABLE, streams are ended after their answers; waits for the calls
  // under way until `deadline`, then cancels them. Blocks.
  void drain(steady_point deadline);

  // Cancels what is left and waits for it. Idempotent. Blocks.
  void stop();

  // Ledger rows up to `sequence` can be read: wakes the watchers. Never blocks; for the committer's thread.
  void notify_ledger(std::uint64_t sequence);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace stellwerk::ingress::grpc
