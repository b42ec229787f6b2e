// The connections of one smtp destination on one io thread: idle ones are kept and reused, new ones go to the first of
// the configured hosts that answers.
//
// A host that failed to connect, greet or secure is marked and tried last for 30 s; only all hosts failing is the
// destination failing (architecture section 4, Health). Idle connections past their time are closed when the pool is
// used next. Thread-bound.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/smtp/smtp_connection.hpp"
#include "base/log.hpp"

namespace stellwerk::adapters::smtp {

inline constexpr std::chrono::seconds host_mark_duration{30};
inline constexpr std::uint16_t implicit_tls_port = 465;

enum class freshness : std::uint8_t { any, fresh };

// Either a connection ready for MAIL or the outcome for whoever wanted one.
struct pool_lease {
  std::unique_ptr<smtp_connection> connection;
  bool reused = false;
  mail::recipient_outcome failure;
};

class smtp_pool {
 public:
  // Borrows all but the context; `tls` may be null where the mode is off.
  smtp_pool(const std::string& destination, const smtp_settings& settings, net::connector& connector,
            std::shared_ptr<const net::tls_context> tls, const clock& time, logger& log);

  // Where the first word is bounded, the hosts share that time evenly.
  [[nodiscard]] async::awaitable<pool_lease> acquire(freshness wanted, opening_bounds bounds);
  // Kept for the next one, or ended by QUIT when it has carried its share.
  [[nodiscard]] async::awaitable<void> give_back(std::unique_ptr<smtp_connection> connection);
  void close_idle() { idle_.clear(); }
  [[nodiscard]] std::size_t idle() const { return idle_.size(); }

 private:
  struct idle_connection {
    std::unique_ptr<smtp_connection> connection;
    steady_point since;
  };

  [[nodiscard]] std::unique_ptr<smtp_connection> take_idle();
  [[nodiscard]] async::awaitable<void> quit_expired();
  [[nodiscard]] std::vector<std::size_t> hosts_in_order() const;
  [[nodiscard]] async::awaitable<pool_lease> open_host(std::size_t host, opening_bounds bounds);
  [[nodiscard]] async::awaitable<pool_lease> open_channel(std::size_t host, channel state, opening_bounds bounds,
                                                          bool& tls_failed);
  void mark(std::size_t host, const mail::recipient_outcome& why);
  [[nodiscard]] bool is_marked(std::size_t host) const;

  const std::string& destination_;
  const smtp_settings& settings_;
  net::connector& connector_;
  std::shared_ptr<const net::tls_context> tls_;
  const clock& clock_;
  logger& log_;
  std::vector<idle_connection> idle_;       // the most recently used last
  std::vector<steady_point> marked_until_;  // by host; zero: not marked
};

}  // namespace stellwerk::adapters::smtp
