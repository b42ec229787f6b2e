#include "gateway/ingress/auth_failures.hpp"

#include <algorithm>

namespace stellwerk::ingress {
namespace {

constexpr std::size_t key_octets_max = 256;  // a made-up account name is not kept at full length

std::string key_of(char kind, std::string_view name) {
  std::string key{kind};
  key += name.substr(0, key_octets_max);
  return key;
}

}  // namespace

duration auth_failures::record_failure(std::string_view peer_ip, std::string_view account, steady_point now) {
  const std::lock_guard lock{mutex_};
  const std::uint32_t failures = std::max(count(key_of('a', peer_ip), now), count(key_of('u', account), now));
  if (failures <= config_.free_failures) return duration{0};
  const std::uint32_t doublings = std::min(failures - config_.free_failures - 1, 20U);
  return std::min<duration>(config_.first * (1LL << doublings), config_.max);
}

std::uint32_t auth_failures::count(std::string key, steady_point now) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    entry& known = found->second;
    known.failures = now - known.last > config_.forget_after ? 1 : known.failures + 1;
    known.last = now;
    by_age_.splice(by_age_.end(), by_age_, known.place);
    return known.failures;
  }
  if (entries_.size() >= config_.entries_max) {
    const std::string oldest = by_age_.front();
    forget(oldest);
  }
  const auto place = by_age_.insert(by_age_.end(), key);
  entries_.emplace(std::move(key), entry{1, now, place});
  return 1;
}

void auth_failures::forget(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  by_age_.erase(found->second.place);
  entries_.erase(found);
}

}  // namespace stellwerk::ingress
