#include "base/metric_registry.hpp"

#include <array>

namespace stellwerk {
namespace {

class null_registry final : public metric_registry {
 public:
  counter make_counter(std::string_view, std::string_view, metric_labels) override { return {}; }
  gauge make_gauge(std::string_view, std::string_view, metric_labels) override { return {}; }
  histogram make_histogram(std::string_view, std::string_view, std::span<const double>, metric_labels) override {
    return {};
  }
};

constexpr std::array attempt_seconds{.005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30., 60.};
constexpr std::array sync_seconds{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1.};
constexpr std::array queue_seconds{.01, .05, .25, 1., 5., 15., 60., 300., 900., 3600., 14400., 86400., 432000.};

}  // namespace

metric_registry& null_metric_registry() {
  static null_registry instance;
  return instance;
}

std::span<const double> attempt_bounds() { return attempt_seconds; }
std::span<const double> sync_bounds() { return sync_seconds; }
std::span<const double> queue_bounds() { return queue_seconds; }

}  // namespace stellwerk
