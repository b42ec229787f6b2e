// The certificate the gRPC door shows, and its renewal without a restart: each new handshake asks for the pair in
// force.
//
// Files are validated before they count (readable, key and certificate fit, not expired); unusable ones change nothing.
// gRPC's file watcher would stop all handshakes on a broken file (toolchain.md section 1.4), so it is not used.
// Thread rule: load() from one thread at a time; handshakes from gRPC's.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <grpcpp/security/server_credentials.h>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gateway/ingress/ingress_config.hpp"

namespace stellwerk::ingress::grpc {

struct certificate_texts {
  std::string certificate;  // PEM chain
  std::string key;
  std::string client_ca;  // empty: client certificates are not asked for
  friend bool operator==(const certificate_texts&, const certificate_texts&) = default;
};

class server_certificates {
 public:
  // True when there is something new to show.
  [[nodiscard]] result<bool> load(const grpc_config& config, time_point now);

  // Of the pair in force; nullopt before the first.
  [[nodiscard]] std::optional<time_point> end() const;

  // Moves `seen` on; null when the caller has seen the newest.
  [[nodiscard]] std::shared_ptr<const certificate_texts> newer_than(std::uint64_t& seen) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const certificate_texts> current_;
  std::optional<time_point> end_;
  std::uint64_t version_ = 0;
};

// REQUIRES that something was loaded, and that they outlive the server: gRPC asks them, and does not hold them. Client
// certificates are verified when shown; whether one is needed is for identity.
[[nodiscard]] std::shared_ptr<::grpc::ServerCredentials> make_credentials(std::shared_ptr<server_certificates> source);

}  // namespace stellwerk::ingress::grpc
