#include "gateway/ingress/smtp/connection_limits.hpp"

namespace stellwerk::ingress::smtp {

connection_limits::entry connection_limits::enter(const smtp_listener_config& listener, std::string_view peer_ip) {
  std::string key = listener.name;
  key += ' ';
  key += peer_ip;
  const std::lock_guard lock{mutex_};
  std::uint32_t& open = by_listener_[listener.name];
  if (open >= listener.connections_max) return {verdict::too_many, slot{}};
  std::uint32_t& of_peer = by_peer_[key];
  if (of_peer >= listener.connections_per_client) {
    if (of_peer == 0) by_peer_.erase(key);
    return {verdict::too_many_from_peer, slot{}};
  }
  ++open;
  ++of_peer;
  return {verdict::entered, slot{this, listener.name, std::move(key)}};
}

void connection_limits::leave(const std::string& listener, const std::string& key) {
  const std::lock_guard lock{mutex_};
  --by_listener_[listener];
  const auto of_peer = by_peer_.find(key);
  if (--of_peer->second == 0) by_peer_.erase(of_peer);
}

}  // namespace stellwerk::ingress::smtp
