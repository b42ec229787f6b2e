#include "policy/health/outcome_window.hpp"

#include <algorithm>
#include <cmath>

namespace stellwerk::policy {
namespace {

// Bucket n holds latencies from 2^(n/4) ms on; 96 buckets reach past four hours.
std::size_t bucket_of(duration took) {
  if (took.count() <= 1) return 0;
  const auto index = static_cast<std::size_t>(std::log2(static_cast<double>(took.count())) * 4);
  return std::min(index, outcome_window::latency_buckets - 1);
}

// The geometric middle: what a sample in the bucket is taken for.
duration middle_of(std::size_t bucket) {
  return duration{static_cast<long long>(std::exp2((static_cast<double>(bucket) + 0.5) / 4))};
}

// A new window moves the usual by this much: about twenty windows to follow a lasting change.
constexpr double learning_rate = 0.05;

}  // namespace

outcome_window::outcome_window(duration length)
    : slice_length_{std::max(length / static_cast<long>(slices), duration{1})} {}

void outcome_window::advance(steady_point now) {
  if (!slice_began_) {
    slice_began_ = now;
    return;
  }
  if (now - *slice_began_ >= slice_length_ * static_cast<long>(slices)) {
    if (total() > 0) learn_usual();
    clear();
    slice_began_ = now;
    return;
  }
  while (now - *slice_began_ >= slice_length_) {
    if (++slices_since_learning_ >= slices) learn_usual();
    current_ = (current_ + 1) % slices;
    ring_[current_] = slice{};
    *slice_began_ += slice_length_;
  }
}

void outcome_window::add_success(duration took, steady_point now) {
  advance(now);
  ++ring_[current_].successes;
  add_latency(took);
}

void outcome_window::add_failure(duration took, steady_point now) {
  advance(now);
  ++ring_[current_].failures;
  add_latency(took);
}

void outcome_window::add_latency(duration took) { ++ring_[current_].latencies[bucket_of(took)]; }

void outcome_window::clear() {
  ring_.fill(slice{});
  slices_since_learning_ = 0;
}

std::uint64_t outcome_window::successes() const {
  std::uint64_t sum = 0;
  for (const slice& one : ring_) sum += one.successes;
  return sum;
}

std::uint64_t outcome_window::failures() const {
  std::uint64_t sum = 0;
  for (const slice& one : ring_) sum += one.failures;
  return sum;
}

std::uint64_t outcome_window::slower_than(duration bound) const {
  std::uint64_t sum = 0;
  for (std::size_t bucket = bucket_of(bound) + 1; bucket < latency_buckets; ++bucket) {
    for (const slice& one : ring_) sum += one.latencies[bucket];
  }
  return sum;
}

std::optional<duration> outcome_window::p95() const {
  const std::uint64_t all = total();
  if (all == 0) return std::nullopt;
  const std::uint64_t allowed_above = all / 20;
  std::uint64_t above = 0;
  for (std::size_t bucket = latency_buckets; bucket-- > 0;) {
    for (const slice& one : ring_) above += one.latencies[bucket];
    if (above > allowed_above) return middle_of(bucket);
  }
  return middle_of(0);
}

void outcome_window::learn_usual() {
  slices_since_learning_ = 0;
  const auto recent = p95();
  if (!recent) return;
  if (!usual_) {
    usual_ = recent;
    return;
  }
  const double moved =
      static_cast<double>(usual_->count()) * (1 - learning_rate) + static_cast<double>(recent->count()) * learning_rate;
  usual_ = duration{static_cast<long long>(std::lround(moved))};
}

}  // namespace stellwerk::policy
