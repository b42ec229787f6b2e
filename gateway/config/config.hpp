// config: the whole configuration as one frozen value (contracts section 1). Loading reports every fault at once; a
// reload builds a second value and swaps whole parts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "adapters/destination_config.hpp"
#include "gateway/config/fault.hpp"
#include "gateway/delivery/delivery_config.hpp"
#include "gateway/ingress/ingress_config.hpp"
#include "gateway/spool/spool_config.hpp"
#include "policy/policy.hpp"

namespace stellwerk::config {

struct node_config {
  std::string name;  // the machine's, if not given
};

struct http_config {
  std::string public_address;  // empty: off
  std::string admin_address = "127.0.0.1:9090";
  std::string admin_token_hash;  // SHA-256 hex; needed beyond loopback
};

struct stream_config {
  double transactional_guaranteed = 0.5;
  double marketing_guaranteed = 0.1;
};

// Who owns the rules: the file, or the store, which the file seeds once and PolicyService changes from then on.
enum class policy_source : unsigned char { file, store };
[[nodiscard]] constexpr const char* to_string(policy_source source) {
  return source == policy_source::file ? "file" : "store";
}

struct gateway_config {
  std::string file;
  node_config node;
  spool::spool_config spool;
  delivery::delivery_config delivery;
  ingress::ingress_settings ingress;
  http_config http;
  stream_config streams;
  std::vector<adapters::destination_settings> destinations;
  config::policy_source policy_source = config::policy_source::file;
  std::shared_ptr<const policy::policy> policy;  // compiled
  std::string policy_text;                       // YAML of the policy in force
  std::vector<config_finding> findings;          // in the order of the file
  std::string log_level = "info";
  std::vector<effective_setting> in_force;  // every value that was asked for, in the order of reading
};

// What the loader must know of the adapters, given by whoever knows them.
struct adapter_catalogue {
  std::vector<std::string> names;
  // Fills capabilities, relay capabilities and refused fields.
  std::function<void(const adapters::destination_settings&, policy::destination_traits&)> describe;
  // Why no adapter can be made of these settings; "" if one can.
  std::function<std::string(const adapters::destination_settings&)> fault;
};

struct path_fault {
  std::string path;
  std::string reason;
};

struct load_environment {
  adapter_catalogue adapters;
  // Given where the doors will be opened: certificates are read. Empty: a file for a policy test may name none that
  // exist.
  std::function<std::vector<path_fault>(const ingress::ingress_settings&)> check_doors;
  // Why the certificate authorities in a file cannot be used; "" if they can. Empty: they are not looked at.
  std::function<std::string(const std::string& file)> check_ca;
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<std::optional<std::string>(const std::string& path)> read_file;
  std::string host_name;
};

[[nodiscard]] std::variant<gateway_config, std::vector<config_fault>> load_config(const std::string& file,
                                                                                  const load_environment& environment);

// What a running gateway cannot change: `next` keeps those values of `now`; answers their paths, in the file's order.
[[nodiscard]] std::vector<std::string> keep_until_restart(const gateway_config& now, gateway_config& next);
struct loaded_policy {
  std::shared_ptr<const policy::policy> policy;
  std::vector<config_finding> findings;
};

// A policy alone, against destinations and clients that are known: the value of the key `policy`, or a document with
// that one key. Positions are of `text`.
[[nodiscard]] std::variant<loaded_policy, std::vector<config_fault>> load_policy_text(
    const std::string& text, std::span<const policy::destination_traits> destinations,
    std::span<const policy::known_client> clients);

[[nodiscard]] std::vector<policy::known_client> known_clients(const gateway_config& config);

// Reads the process environment and the file system.
[[nodiscard]] load_environment system_environment(adapter_catalogue adapters, std::string host_name);

// All that is in force: each setting with its value and where it was set, and the routes as they were compiled.
[[nodiscard]] std::string describe(const gateway_config& config);

}  // namespace stellwerk::config
