// The sections of the file, one reader each; private to this room.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/config/decoder.hpp"

namespace stellwerk::config {

void load_ingress(const yaml_node* ingress, const yaml_node* clients, const load_context& context,
                  ingress::ingress_settings& out);
// A fault at `address` of `fields` unless it is empty or one to listen on.
void check_address(map_reader& fields, const std::string& address);
void load_destinations(const yaml_node* node, const load_context& context, const adapter_catalogue& catalogue,
                       std::vector<adapters::destination_settings>& settings,
                       std::vector<policy::destination_traits>& traits);
void load_route(const yaml_node& node, const std::string& path, const load_context& context, policy::route_config& out);
void load_policy(const yaml_node* node, const load_context& context, policy::policy_config& out);

// "host:25", "[::1]:587", "host" with a default port; nullopt if it is neither.
[[nodiscard]] std::optional<adapters::host_port> parse_host_port(std::string_view text, std::uint16_t default_port);

}  // namespace stellwerk::config
