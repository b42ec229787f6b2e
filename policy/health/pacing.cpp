#include "policy/health/pacing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stellwerk::policy {
namespace {

double allowed_on(const warmup_config& schedule, time_point now) {
  const auto day = (std::chrono::floor<std::chrono::days>(now) - schedule.from).count();
  if (day < 0) return 0;
  const auto at = static_cast<std::size_t>(day);
  return at < schedule.daily.size() ? static_cast<double>(schedule.daily[at]) : std::numeric_limits<double>::infinity();
}

}  // namespace

token_bucket::token_bucket(double rate_per_second)
    : rate_{std::max(rate_per_second, 0.0)}, burst_{std::max(rate_, 1.0)}, tokens_{rate_ > 0 ? burst_ : 0} {}

double token_bucket::level(steady_point now) const {
  if (!filled_at_ || now <= *filled_at_) return tokens_;
  const double elapsed = std::chrono::duration<double>(now - *filled_at_).count();
  return std::min(burst_, tokens_ + elapsed * rate_);
}

// An attempt that costs more than the bucket holds may start from a full one, and is paid for afterwards.
bool token_bucket::has(double tokens, steady_point now) const {
  return rate_ > 0 && level(now) >= std::min(tokens, burst_) - 1e-9;
}

bool token_bucket::take(double tokens, steady_point now) {
  if (!has(tokens, now)) return false;
  tokens_ = level(now) - tokens;
  filled_at_ = now;
  return true;
}

void token_bucket::give_back(double tokens) { tokens_ = std::min(burst_, tokens_ + tokens); }

steady_point token_bucket::available_at(double tokens, steady_point now) const {
  if (rate_ <= 0) return steady_point::max();
  const double missing = std::min(tokens, burst_) - level(now);
  if (missing <= 0) return now;
  return now + std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(missing / rate_));
}

std::uint32_t quota::period_key(quota_period period, time_point now) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(now)};
  const auto year = static_cast<std::uint32_t>(static_cast<int>(day.year()));
  const std::uint32_t month = year * 100 + static_cast<unsigned>(day.month());
  return period == quota_period::month ? month : month * 100 + static_cast<unsigned>(day.day());
}

double quota::used(time_point now) const { return key_ == period_key(period_, now) ? used_ : 0; }

bool quota::has(double amount, time_point now) const { return used(now) + amount <= allowed_ + 1e-9; }

bool quota::take(double amount, time_point now) {
  if (!has(amount, now)) return false;
  used_ = used(now) + amount;
  key_ = period_key(period_, now);
  return true;
}

void quota::give_back(double amount, time_point taken) {
  if (key_ == period_key(period_, taken)) used_ = std::max(0.0, used_ - amount);
}

void quota::restore(double used, std::uint32_t period_key) {
  used_ = used;
  key_ = period_key;
  promised_ = mark();
}

std::optional<quota_mark> quota::promise() {
  if (promised_.period == key_ && used_ <= promised_.used) return std::nullopt;
  const double ahead = used_ / 64;
  // Messages are counted in whole numbers, and the first 64 exactly.
  promised_ = {key_, used_ + (used_ == std::floor(used_) ? std::floor(ahead) : ahead)};
  return promised_;
}

limit_gate::limit_gate(const limit_config& config) : config_{config} {
  if (config.rate_per_second) rate_.emplace(*config.rate_per_second);
  if (config.per_day) quota_.emplace(quota_period::day, static_cast<double>(*config.per_day));
  if (config.per_month) quota_.emplace(quota_period::month, static_cast<double>(*config.per_month));
  if (config.budget) quota_.emplace(quota_period::month, config.budget->amount);
  if (config.warmup) quota_.emplace(quota_period::day, std::numeric_limits<double>::infinity());
}

void limit_gate::change(const limit_config& config) {
  if (config.rate_per_second != config_.rate_per_second) {
    rate_.reset();
    if (config.rate_per_second) rate_.emplace(*config.rate_per_second);
  }
  if (config.per_day) quota_->allow(static_cast<double>(*config.per_day));
  if (config.per_month) quota_->allow(static_cast<double>(*config.per_month));
  if (config.budget) quota_->allow(config.budget->amount);
  config_ = config;
}

double limit_gate::amount(const pacing_cost& cost) const {
  return config_.budget ? cost.money : static_cast<double>(cost.recipients);
}

bool limit_gate::has_room(const pacing_cost& cost, steady_point steady, time_point wall) const {
  if (config_.concurrency && in_flight_ >= *config_.concurrency) return false;
  if (rate_ && !rate_->has(cost.recipients, steady)) return false;
  if (config_.warmup && quota_->used(wall) + amount(cost) > allowed_on(*config_.warmup, wall) + 1e-9) return false;
  return !quota_ || quota_->has(amount(cost), wall);
}

bool limit_gate::take(const pacing_cost& cost, steady_point steady, time_point wall) {
  if (!has_room(cost, steady, wall)) return false;
  ++in_flight_;
  // has_room() saw both with room at the same moment, so neither refuses.
  if (rate_) (void)rate_->take(cost.recipients, steady);
  if (quota_) (void)quota_->take(amount(cost), wall);
  return true;
}

void limit_gate::finish(const pacing_cost& not_used, time_point taken) {
  if (in_flight_ > 0) --in_flight_;
  if (quota_) quota_->give_back(amount(not_used), taken);
}

void limit_gate::give_back(const pacing_cost& cost, time_point taken) {
  finish(cost, taken);
  if (rate_) rate_->give_back(cost.recipients);
}

double limit_gate::used(time_point wall) const { return quota_ ? quota_->used(wall) : 0; }

}  // namespace stellwerk::policy
