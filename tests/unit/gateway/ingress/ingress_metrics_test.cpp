#include "gateway/ingress/ingress_metrics.hpp"

#include <map>

#include <gtest/gtest.h>

namespace stellwerk::ingress {
namespace {

// Keeps counters by their labels.
class recording_registry final : public metric_registry {
 public:
  counter make_counter(std::string_view family, std::string_view /*help*/, metric_labels labels) override {
    std::string key{family};
    for (const metric_label& label : labels) key += " " + std::string{label.value};
    return counter{cells[key]};
  }
  gauge make_gauge(std::string_view, std::string_view, metric_labels) override { return {}; }
  histogram make_histogram(std::string_view, std::string_view, std::span<const double>, metric_labels) override {
    return {};
  }
  std::map<std::string, counter::cell> cells;
};

TEST(ingress_metrics, every_series_is_there_from_the_start) {
  recording_registry registry;
  ingress_metrics metrics{registry, {"relay"}};
  EXPECT_EQ(registry.cells.at("submissions_total smtp relay transactional accepted none"), 0U);
  EXPECT_EQ(registry.cells.at("submissions_total grpc grpc none deferred queue_full"), 0U);
}

TEST(ingress_metrics, counts_under_its_labels) {
  recording_registry registry;
  ingress_metrics metrics{registry, {"relay", "submission"}};
  metrics.door(mail::ingress_kind::smtp, "relay").count_accepted(mail::traffic_stream::marketing, false);
  metrics.door(mail::ingress_kind::smtp, "relay").count_accepted(mail::traffic_stream::marketing, true);
  metrics.door(mail::ingress_kind::smtp, "submission").count_refused(refusal_kind::loop, std::nullopt);
  metrics.door(mail::ingress_kind::grpc, "grpc")
      .count_refused(refusal_kind::policy, mail::traffic_stream::transactional);
  EXPECT_EQ(registry.cells.at("submissions_total smtp relay marketing accepted none"), 1U);
  EXPECT_EQ(registry.cells.at("submissions_total smtp relay marketing accepted duplicate"), 1U);
  EXPECT_EQ(registry.cells.at("submissions_total smtp submission none refused loop"), 1U);
  EXPECT_EQ(registry.cells.at("submissions_total grpc grpc transactional refused policy"), 1U);
}

}  // namespace
}  // namespace stellwerk::ingress
