// What the doors count (contracts section 6). Series are made at construction for the closed label sets.
//
// Thread rule: handles are atomics; lookups are of an immutable table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/metric.hpp"
#include "base/metric_registry.hpp"
#include "gateway/ingress/admission.hpp"
#include "gateway/ingress/refusal_text.hpp"
#include "mail/submission.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::ingress {

// The counters of one door.
class door_metrics {
 public:
  door_metrics(metric_registry& registry, mail::ingress_kind ingress, std::string_view listener);

  void count_accepted(mail::traffic_stream stream, bool duplicate);
  // `stream`: when it was known already.
  void count_refused(refusal_kind kind, std::optional<mail::traffic_stream> stream);

 private:
  static constexpr std::size_t streams = 3;  // none, transactional, marketing
  std::array<counter, streams> accepted_;
  std::array<counter, streams> duplicate_;
  std::array<std::array<counter, refusal_kinds_count>, streams> refused_;
};

struct ingress_metrics {
  // One set of counters for each listener; `grpc` as well.
  ingress_metrics(metric_registry& registry, const std::vector<std::string>& smtp_listeners);

  [[nodiscard]] door_metrics& door(mail::ingress_kind ingress, std::string_view listener);

  histogram accept_seconds_smtp;
  histogram accept_seconds_grpc;
  gauge smtp_sessions;
  counter smtp_connections_refused_limit;  // too many connections
  counter smtp_connections_refused_early;  // talked before the greeting
  counter auth_accepted;
  counter auth_refused;
  counter auth_unavailable;

 private:
  std::unordered_map<std::string, door_metrics> smtp_;
  door_metrics grpc_;
};

}  // namespace stellwerk::ingress
