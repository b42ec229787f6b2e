// The admission of both doors: checks, declared changes, classification, preflight, acceptance, in this order.
//
// One per io thread, thread-bound. What it shares with the others: published settings and policy, the rates, the
// acceptor. Deciding is synchronous; only the spool's commit is awaited and, behind a long line, the turn to begin.
#pragma once

#include <variant>

#include "base/async/published.hpp"
#include "base/async/turnstile.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "gateway/ingress/admission.hpp"
#include "gateway/ingress/client_rates.hpp"
#include "gateway/ingress/door_pressure.hpp"
#include "gateway/ingress/door_settings.hpp"
#include "gateway/ingress/ingress_metrics.hpp"

namespace stellwerk::ingress {

using published_policy = async::published<policy::policy>;

struct admission_services {
  const clock& time;
  id_generator& ids;  // of this thread
  spool::acceptor& acceptor;
  const published_policy& policy;
  const published_settings& settings;
  client_rates& rates;
  const door_pressure& pressure;
  ingress_metrics& metrics;
  logger& log;
};

class admission_pipeline final : public admission {
 public:
  explicit admission_pipeline(const admission_services& services);
  [[nodiscard]] async::awaitable<admission_answer> admit(mail::submission submission,
                                                         const client_config& client) override;

 private:
  // What prepare() has decided: the request and what to say of it.
  struct prepared {
    spool::accept_request request;
    std::optional<mail::traffic_stream> stream;  // also when it was refused afterwards
    std::string stream_reason;
    std::optional<refusal> refused;
  };
  [[nodiscard]] prepared prepare(mail::submission& submission, const client_config& client);
  [[nodiscard]] std::optional<refusal> check_client(const mail::submission& submission, const client_config& client);
  [[nodiscard]] std::optional<refusal> read_content(mail::submission& submission, const client_config& client,
                                                    const queue_id& id, time_point now);
  [[nodiscard]] std::optional<refusal> decide(const mail::submission& submission, const client_config& client,
                                              const mail::analysed_message& message, const queue_id& id, time_point now,
                                              prepared& out);
  [[nodiscard]] admission_answer answer_of(result<spool::accept_answer> outcome, prepared& asked);
  void record(const mail::submission& submission, const admission_answer& answer, const prepared& asked,
              steady_point started);

  admission_services services_;
  async::turnstile entrance_;  // behind a long line
  async::subscription<policy::policy> policy_;
  async::subscription<door_settings> settings_;
};

}  // namespace stellwerk::ingress
