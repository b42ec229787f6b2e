#include <algorithm>
#include <utility>

#include "gateway/config/config.hpp"

namespace stellwerk::config {
namespace {

class comparison {
 public:
  template <class Value>
  void keep(const char* path, const Value& now, Value& next) {
    if (now == next) return;
    next = now;
    changed_.emplace_back(path);
  }
  void note(std::string path) { changed_.push_back(std::move(path)); }
  [[nodiscard]] std::vector<std::string> take() { return std::move(changed_); }

 private:
  std::vector<std::string> changed_;
};

void keep_node(const gateway_config& now, gateway_config& next, comparison& all) {
  const std::string wanted = next.node.name;
  all.keep("node.name", now.node.name, next.node.name);
  next.ingress.node_name = now.ingress.node_name;
  // Who greets with the node's name goes on with the one in force.
  for (adapters::destination_settings& one : next.destinations) {
    if (one.smtp.helo_name == wanted) one.smtp.helo_name = next.node.name;
    if (one.esp.relay && one.esp.relay->helo_name == wanted) one.esp.relay->helo_name = next.node.name;
  }
}

void keep_spool(const gateway_config& now, gateway_config& next, comparison& all) {
  all.keep("node.data_directory", now.spool.data_directory, next.spool.data_directory);
  all.keep("spool.bytes_max", now.spool.bytes_max, next.spool.bytes_max);
  all.keep("spool.inline_body_max", now.spool.inline_body_max, next.spool.inline_body_max);
  all.keep("spool.segment_bytes", now.spool.segment_bytes, next.spool.segment_bytes);
  all.keep("spool.sync", now.spool.sync, next.spool.sync);
  all.keep("history.retention", now.spool.history_retention, next.spool.history_retention);
  all.keep("history.bytes_max", now.spool.history_bytes_max, next.spool.history_bytes_max);
}

// A listener whose socket would be another keeps all its settings: they may be meant for somebody else.
void keep_listeners(const std::vector<ingress::smtp_listener_config>& now,
                    std::vector<ingress::smtp_listener_config>& next, comparison& all) {
  if (now.size() != next.size()) {
    next = now;
    all.note("ingress.smtp");
    return;
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    const std::string path = "ingress.smtp[" + std::to_string(i) + "]";
    const bool renamed = now[i].name != next[i].name;
    const bool moved = now[i].address != next[i].address;
    if (renamed) all.note(path + ".name");
    if (moved) all.note(path + ".address");
    if (renamed || moved) next[i] = now[i];
  }
}

void keep_grpc(const ingress::grpc_config& now, ingress::grpc_config& next, comparison& all) {
  all.keep("ingress.grpc.address", now.address, next.address);
  if (next.size_max > now.size_max) all.keep("ingress.grpc.size_max", now.size_max, next.size_max);
  all.keep("ingress.grpc.streams_max", now.streams_max, next.streams_max);
  all.keep("ingress.grpc.reflection", now.reflection, next.reflection);
}

}  // namespace

std::vector<std::string> keep_until_restart(const gateway_config& now, gateway_config& next) {
  comparison all;
  keep_node(now, next, all);
  keep_spool(now, next, all);
  keep_listeners(now.ingress.smtp, next.ingress.smtp, all);
  keep_grpc(now.ingress.grpc, next.ingress.grpc, all);
  all.keep("http.admin.address", now.http.admin_address, next.http.admin_address);
  all.keep("http.admin.token_hash", now.http.admin_token_hash, next.http.admin_token_hash);
  all.keep("policy_source", now.policy_source, next.policy_source);
  all.keep("delivery", now.delivery, next.delivery);
  return all.take();
}

}  // namespace stellwerk::config
