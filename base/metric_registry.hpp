// Where components get their metric handles at construction. Telemetry implements it; tests may use the null registry.
//
// Families are named without the prefix `stellwerk_`. Asking twice for the same family and labels gives the same cell,
// so a reload may ask again. Labels are closed sets: enums and configured names, never an address, a domain or an id.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "base/metric.hpp"

namespace stellwerk {

struct metric_label {
  std::string_view name;
  std::string_view value;
};
using metric_labels = std::initializer_list<metric_label>;

class metric_registry {
 public:
  virtual ~metric_registry() = default;
  [[nodiscard]] virtual counter make_counter(std::string_view family, std::string_view help,
                                             metric_labels labels = {}) = 0;
  [[nodiscard]] virtual gauge make_gauge(std::string_view family, std::string_view help, metric_labels labels = {}) = 0;
  [[nodiscard]] virtual histogram make_histogram(std::string_view family, std::string_view help,
                                                 std::span<const double> bounds, metric_labels labels = {}) = 0;
};

[[nodiscard]] metric_registry& null_metric_registry();

// Bucket bounds in seconds, by what they measure.
[[nodiscard]] std::span<const double> attempt_bounds();  // 5 ms to 60 s
[[nodiscard]] std::span<const double> sync_bounds();     // 0.1 ms to 1 s
[[nodiscard]] std::span<const double> queue_bounds();    // 10 ms to 5 d

}  // namespace stellwerk
