#include "base/metric.hpp"

#include <algorithm>

namespace stellwerk {
namespace {

// Cells of nobody. One per thread would be quieter; these are used in tests and before wiring only.
counter::cell counter_of_nobody{0};
gauge::cell gauge_of_nobody{0};

histogram::cell& histogram_of_nobody() {
  static histogram::cell cell{{1.0}};
  return cell;
}

}  // namespace

counter::counter() : cell_{&counter_of_nobody} {}
gauge::gauge() : cell_{&gauge_of_nobody} {}
histogram::histogram() : cell_{&histogram_of_nobody()} {}

void histogram::observe(double value) noexcept {
  const auto at = std::lower_bound(cell_->bounds.begin(), cell_->bounds.end(), value) - cell_->bounds.begin();
  cell_->counts[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  cell_->sum.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t histogram::count() const noexcept {
  std::uint64_t total = 0;
  for (const auto& bucket : cell_->counts) total += bucket.load(std::memory_order_relaxed);
  return total;
}

}  // namespace stellwerk
