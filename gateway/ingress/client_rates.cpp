#include "gateway/ingress/client_rates.hpp"

#include <algorithm>

namespace stellwerk::ingress {

std::optional<duration> client_rates::take(const std::string& client, double rate_per_second, steady_point now) {
  using nanoseconds = std::chrono::nanoseconds;
  if (rate_per_second <= 0) return std::chrono::hours{1};
  const nanoseconds cost{static_cast<nanoseconds::rep>(1e9 / rate_per_second)};
  // A slow rate still lets one message through.
  const nanoseconds burst = std::max<nanoseconds>(std::chrono::seconds{1}, cost);
  const std::lock_guard lock{mutex_};
  steady_point& full_again = full_again_.try_emplace(client, now).first->second;
  const steady_point next = std::max(full_again, now) + cost;
  if (next - now > burst) return std::chrono::ceil<duration>(next - now - burst);
  full_again = next;
  return std::nullopt;
}

}  // namespace stellwerk::ingress
