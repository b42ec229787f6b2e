// Plain metric handles. A component holds handles; telemetry owns the cells behind them and serves them.
//
// A default-constructed handle counts into a cell of nobody, so logic classes and tests need no registry.
// Thread rule: every operation is a relaxed atomic; handles are copyable and outlived by the registry's cells.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace stellwerk {

class counter {
 public:
  using cell = std::atomic<std::uint64_t>;
  counter();
  explicit counter(cell& target) : cell_{&target} {}
  void add(std::uint64_t by = 1) noexcept { cell_->fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return cell_->load(std::memory_order_relaxed); }

 private:
  cell* cell_;
};

class gauge {
 public:
  using cell = std::atomic<double>;
  gauge();
  explicit gauge(cell& target) : cell_{&target} {}
  void set(double value) noexcept { cell_->store(value, std::memory_order_relaxed); }
  void add(double by) noexcept { cell_->fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] double value() const noexcept { return cell_->load(std::memory_order_relaxed); }

 private:
  cell* cell_;
};

// Fixed upper bounds, ascending; the implicit last bucket is +Inf.
class histogram {
 public:
  struct cell {
    explicit cell(std::vector<double> upper_bounds) : bounds(std::move(upper_bounds)), counts(bounds.size() + 1) {}
    std::vector<double> bounds;
    std::vector<std::atomic<std::uint64_t>> counts;
    std::atomic<double> sum{0};
  };
  histogram();
  explicit histogram(cell& target) : cell_{&target} {}
  void observe(double value) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;

 private:
  cell* cell_;
};

}  // namespace stellwerk
