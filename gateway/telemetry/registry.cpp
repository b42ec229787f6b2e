#include "gateway/telemetry/registry.hpp"

#include <limits>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace stellwerk::telemetry {
namespace {

constexpr std::string_view prefix = "stellwerk_";

std::vector<std::pair<std::string, std::string>> own(metric_labels labels) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const metric_label& one : labels) values.emplace_back(one.name, one.value);
  return values;
}

prometheus::ClientMetric labelled(const std::vector<std::pair<std::string, std::string>>& labels) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

prometheus::ClientMetric shown(const std::vector<std::pair<std::string, std::string>>& labels,
                               const histogram::cell& cell) {
  prometheus::ClientMetric metric = labelled(labels);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < cell.counts.size(); ++i) {
    cumulative += cell.counts[i].load(std::memory_order_relaxed);
    prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = cumulative;
    bucket.upper_bound = i < cell.bounds.size() ? cell.bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back(bucket);
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = cell.sum.load(std::memory_order_relaxed);
  return metric;
}

}  // namespace

registry::registry() = default;
registry::~registry() = default;

registry::family& registry::family_of(std::string_view name, std::string_view help, family::kind what) {
  std::string full = std::string{prefix} + std::string{name};
  const auto known = families_.find(full);
  if (known != families_.end()) return known->second;
  family& made = families_[std::move(full)];
  made.what = what;
  made.help = help;
  return made;
}

counter registry::make_counter(std::string_view name, std::string_view help, metric_labels labels) {
  const std::lock_guard lock{mutex_};
  counter::cell*& cell = family_of(name, help, family::kind::counter).counters[own(labels)];
  if (cell == nullptr) cell = &counter_cells_.emplace_back(0);
  return counter{*cell};
}

gauge registry::make_gauge(std::string_view name, std::string_view help, metric_labels labels) {
  const std::lock_guard lock{mutex_};
  gauge::cell*& cell = family_of(name, help, family::kind::gauge).gauges[own(labels)];
  if (cell == nullptr) cell = &gauge_cells_.emplace_back(0);
  return gauge{*cell};
}

histogram registry::make_histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                                   metric_labels labels) {
  const std::lock_guard lock{mutex_};
  histogram::cell*& cell = family_of(name, help, family::kind::histogram).histograms[own(labels)];
  if (cell == nullptr) cell = &histogram_cells_.emplace_back(std::vector<double>{bounds.begin(), bounds.end()});
  return histogram{*cell};
}

std::string registry::text() const {
  std::vector<prometheus::MetricFamily> all;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [name, one] : families_) {
      prometheus::MetricFamily shown_family;
      shown_family.name = name;
      shown_family.help = one.help;
      // Money is counted in fractions: a gauge cell that only grows is a counter to those who read it.
      const bool counts =
          one.what == family::kind::counter || (one.what == family::kind::gauge && name.ends_with("_total"));
      shown_family.type = one.what == family::kind::histogram ? prometheus::MetricType::Histogram
                          : counts                            ? prometheus::MetricType::Counter
                                                              : prometheus::MetricType::Gauge;
      for (const auto& [labels, cell] : one.counters) {
        prometheus::ClientMetric metric = labelled(labels);
        metric.counter.value = static_cast<double>(cell->load(std::memory_order_relaxed));
        shown_family.metric.push_back(std::move(metric));
      }
      for (const auto& [labels, cell] : one.gauges) {
        prometheus::ClientMetric metric = labelled(labels);
        (counts ? metric.counter.value : metric.gauge.value) = cell->load(std::memory_order_relaxed);
        shown_family.metric.push_back(std::move(metric));
      }
      for (const auto& [labels, cell] : one.histograms) shown_family.metric.push_back(shown(labels, *cell));
      all.push_back(std::move(shown_family));
    }
  }
  return prometheus::TextSerializer{}.Serialize(all);
}

std::vector<family_description> registry::families() const {
  const std::lock_guard lock{mutex_};
  std::vector<family_description> all;
  for (const auto& [name, one] : families_) {
    family_description described{name, "counter", one.help, {}};
    if (one.what == family::kind::histogram) described.type = "histogram";
    if (one.what == family::kind::gauge && !name.ends_with("_total")) described.type = "gauge";
    const auto names_of = [&](const label_values& labels) {
      for (const auto& [label, value] : labels) described.labels.push_back(label);
    };
    if (!one.counters.empty()) {
      names_of(one.counters.begin()->first);
    } else if (!one.gauges.empty()) {
      names_of(one.gauges.begin()->first);
    } else if (!one.histograms.empty()) {
      names_of(one.histograms.begin()->first);
    }
    all.push_back(std::move(described));
  }
  return all;
}

}  // namespace stellwerk::telemetry
