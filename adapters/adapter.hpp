// adapter: speaks to one configured destination on one io thread. Thread-bound; its pools live and die with it.
//
// Total functions: what cannot be classified is `adapter_fault` if nothing was committed to the wire, else `unknown`
// (architecture section 4). The number of attempts in flight is bounded by the caller's reservations.
#pragma once

#include <memory>
#include <string>

#include "adapters/attempt.hpp"
#include "base/async/awaitable.hpp"

namespace stellwerk::adapters {

class adapter {
 public:
  virtual ~adapter() = default;
  [[nodiscard]] virtual async::awaitable<attempt_report> deliver(attempt what) = 0;
  // A handshake that sends no message: connect, greeting, EHLO, STARTTLS, AUTH, QUIT; for an API a cheap authenticated
  // request or, where the vendor has none, a TLS handshake.
  [[nodiscard]] virtual async::awaitable<probe_report> probe(steady_point deadline) = 0;
  // By the attempt id and recipient of an attempt with unknown outcome.
  [[nodiscard]] virtual async::awaitable<lookup_report> look_up(std::string attempt_id, std::string recipient,
                                                                steady_point deadline) = 0;
  // Closes idle connections; in-flight attempts finish.
  virtual void close_idle() = 0;
  // The destination is taken for dead. Attempts of which nothing was committed and whose peer has said nothing for
  // `silence` end, at once or when it has become that long. Nothing to do where no peer is waited for before all is
  // sent.
  virtual void let_go(duration silence) { static_cast<void>(silence); }
};

}  // namespace stellwerk::adapters
