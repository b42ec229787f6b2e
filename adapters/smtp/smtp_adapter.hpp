// The adapter for everything that speaks SMTP: the on-prem MTA and the relays of the ESPs alike.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/destination_config.hpp"
#include "adapters/smtp/smtp_pool.hpp"
#include "base/log.hpp"
#include "base/net/stream.hpp"
#include "base/net/tls.hpp"

namespace stellwerk::adapters::smtp {

class smtp_adapter final : public adapter {
 public:
  // `tls` may be null where the mode is off. The references outlive the adapter.
  smtp_adapter(std::string destination, smtp_settings settings, net::connector& connector,
               std::shared_ptr<const net::tls_context> tls, const clock& time, logger& log);

  [[nodiscard]] async::awaitable<attempt_report> deliver(attempt what) override;
  [[nodiscard]] async::awaitable<probe_report> probe(steady_point deadline) override;
  // SMTP has no look-up: always unsupported.
  [[nodiscard]] async::awaitable<lookup_report> look_up(std::string attempt_id, std::string recipient,
                                                        steady_point deadline) override;
  void close_idle() override { pool_.close_idle(); }
  void let_go(duration silence) override;

 private:
  struct delivery_run;

  [[nodiscard]] async::awaitable<void> run_transaction(delivery_run& run);

  std::string destination_;
  smtp_settings settings_;
  const clock& clock_;
  smtp_pool pool_;
  std::vector<smtp_connection*> talking_;  // in a transaction
};

}  // namespace stellwerk::adapters::smtp
