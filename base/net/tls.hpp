// TLS contexts: validated once when made, then immutable and shared between threads. Reload makes a new one.
//
// TLS 1.2 with ECDHE/AEAD suites and TLS 1.3 only, no renegotiation, no compression (RFC 8996, RFC 9325).
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace stellwerk::net {

struct tls_server_files {
  std::string certificate;  // PEM chain
  std::string key;
  std::string client_ca;  // empty: client certificates are not asked for
};

enum class tls_verification { none, chain_and_name };

struct tls_client_settings {
  tls_verification verification = tls_verification::none;
  std::string ca_file;      // empty: the system's store
  std::string certificate;  // PEM chain shown to a peer that asks; empty: none
  std::string key;
};

class tls_context {
 public:
  struct impl;
  explicit tls_context(std::unique_ptr<impl> body);
  ~tls_context();
  [[nodiscard]] const impl& get() const { return *impl_; }
  [[nodiscard]] time_point not_after() const;  // of the own certificate; epoch when there is none

 private:
  std::unique_ptr<impl> impl_;
};

// Fails when a file cannot be read, key and certificate do not match, or the certificate has expired at `now`.
[[nodiscard]] result<std::shared_ptr<const tls_context>> make_server_tls(const tls_server_files& files, time_point now);
[[nodiscard]] result<std::shared_ptr<const tls_context>> make_client_tls(const tls_client_settings& settings);

}  // namespace stellwerk::net
