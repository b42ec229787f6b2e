// registry: owns every metric cell and serves them as Prometheus text. The only part that knows prometheus-cpp, and
// only its serialiser: counting never takes a lock of that library.
//
// Thread rule: make_* and text() from any thread (one mutex); the handles it gives out are lock-free.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/metric_registry.hpp"

namespace stellwerk::telemetry {

struct family_description {
  std::string name;  // with the prefix
  std::string type;  // counter, gauge, histogram
  std::string help;
  std::vector<std::string> labels;
};

class registry final : public metric_registry {
 public:
  registry();
  ~registry() override;

  [[nodiscard]] counter make_counter(std::string_view family, std::string_view help, metric_labels labels) override;
  [[nodiscard]] gauge make_gauge(std::string_view family, std::string_view help, metric_labels labels) override;
  [[nodiscard]] histogram make_histogram(std::string_view family, std::string_view help, std::span<const double> bounds,
                                         metric_labels labels) override;

  // text/plain; version=0.0.4
  [[nodiscard]] std::string text() const;
  // For docs/metrics.md.
  [[nodiscard]] std::vector<family_description> families() const;

 private:
  using label_values = std::vector<std::pair<std::string, std::string>>;
  struct family {
    enum class kind { counter, gauge, histogram } what = kind::counter;
    std::string help;
    std::map<label_values, counter::cell*> counters;
    std::map<label_values, gauge::cell*> gauges;
    std::map<label_values, histogram::cell*> histograms;
  };
  family& family_of(std::string_view name, std::string_view help, family::kind what);

  mutable std::mutex mutex_;
  std::map<std::string, family, std::less<>> families_;
  std::deque<counter::cell> counter_cells_;
  std::deque<gauge::cell> gauge_cells_;
  std::deque<histogram::cell> histogram_cells_;
};

}  // namespace stellwerk::telemetry
