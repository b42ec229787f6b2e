#include <set>

#include "base/net/host_port.hpp"
#include "base/text.hpp"
#include "gateway/config/sections.hpp"

namespace stellwerk::config {
namespace {

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("localhost:");
}

}  // namespace

void check_address(map_reader& fields, const std::string& address) {
  if (address.empty()) return;
  if (!net::parse_listen_address(address)) {
    fields.fault("address", "an address with a port such as 0.0.0.0:2525 is expected, not '" + address + "'");
  }
}

namespace {

void load_listener(const yaml_node& node, const std::string& path, const load_context& context,
                   ingress::smtp_listener_config& out) {
  map_reader fields{&node, path, context};
  fields.require("name");
  fields.require("address");
  fields.text("name", out.name);
  fields.text("address", out.address);
  check_address(fields, out.address);
  fields.choice<ingress::smtp_profile>(
      "profile", out.profile,
      {{"relay", ingress::smtp_profile::relay}, {"submission", ingress::smtp_profile::submission}});
  fields.texts("allow_networks", out.allow_networks);
  map_reader tls{fields.get("tls"), fields.path_of("tls"), context};
  tls.choice<ingress::server_tls_mode>("mode", out.tls,
                                       {{"off", ingress::server_tls_mode::off},
                                        {"starttls", ingress::server_tls_mode::starttls},
                                        {"implicit", ingress::server_tls_mode::implicit}});
  tls.file_path("certificate", out.certificate);
  tls.file_path("key", out.key);
  if (out.tls != ingress::server_tls_mode::off) {
    tls.require("certificate");
    tls.require("key");
  }
  tls.finish();
  fields.choice<bool>("dsn", out.dsn_always, {{"always", true}, {"trusted", false}});
  fields.size("size_max", out.size_max);
  fields.integer("recipients_max", out.recipients_max, 100);
  fields.integer("connections_max", out.connections_max, 1);
  fields.integer("connections_per_client", out.connections_per_client, 1);
  fields.integer("unknown_commands_max", out.unknown_commands_max, 1);
  fields.integer("junk_commands_max", out.junk_commands_max, 1);
  fields.duration_value("command_timeout", out.command_timeout);
  fields.duration_value("data_timeout", out.data_timeout);
  fields.integer("data_rate_min", out.data_rate_min);
  fields.finish();
}

void load_grpc(const yaml_node* node, const load_context& context, ingress::grpc_config& out) {
  map_reader fields{node, "ingress.grpc", context};
  fields.text("address", out.address);
  check_address(fields, out.address);
  map_reader tls{fields.get("tls"), fields.path_of("tls"), context};
  tls.file_path("certificate", out.certificate);
  tls.file_path("key", out.key);
  tls.file_path("client_ca", out.client_ca);
  if (tls.has("certificate") || tls.has("key")) {
    tls.require("certificate");
    tls.require("key");
  }
  tls.finish();
  fields.boolean("allow_plaintext", out.allow_plaintext);
  fields.boolean("reflection", out.reflection);
  fields.size("size_max", out.size_max);
  fields.integer("streams_max", out.streams_max, 1);
  fields.integer("unanswered_max", out.unanswered_max, 1);
  if (!out.address.empty() && !is_loopback(out.address) && out.certificate.empty() && !out.allow_plaintext) {
    fields.fault("address", "beyond loopback needs tls, or allow_plaintext: true");
  }
  fields.finish();
}

void load_client(const yaml_node& node, const std::string& path, const load_context& context,
                 ingress::client_config& out) {
  map_reader fields{&node, path, context};
  fields.require("name");
  fields.text("name", out.name);
  out.tenant = out.name;
  fields.text("tenant", out.tenant);
  fields.texts("networks", out.networks);
  fields.texts("certificate_names", out.certificate_names);
  fields.text("username", out.username);
  fields.secret("password_hash", out.password_hash);
  fields.secret("token_hash", out.token_hash);
  if (!out.username.empty()) fields.require("password_hash");
  if (!out.token_hash.empty() &&
      (out.token_hash.size() != 64 || out.token_hash.find_first_not_of("0123456789abcdef") != std::string::npos)) {
    fields.fault("token_hash", "64 lower-case hexadecimal digits (SHA-256 of the token) are expected");
  }
  if (!out.password_hash.empty() && !out.password_hash.starts_with("scrypt$")) {
    fields.fault("password_hash", "must be what `stellwerk hash-password` prints");
  }
  fields.texts("senders", out.senders);
  fields.texts("recipients", out.recipients);
  fields.rate("rate", out.rate_per_second);
  fields.size("size_max", out.size_max);
  map_reader stream{fields.get("stream"), fields.path_of("stream"), context};
  const auto streams = {
      std::pair<std::string_view, std::optional<mail::traffic_stream>>{"transactional",
                                                                       mail::traffic_stream::transactional},
      std::pair<std::string_view, std::optional<mail::traffic_stream>>{"marketing", mail::traffic_stream::marketing}};
  stream.choice<std::optional<mail::traffic_stream>>("pin", out.pin, streams);
  stream.choice<std::optional<mail::traffic_stream>>("default", out.default_stream, streams);
  stream.finish();
  fields.boolean("may_choose_stream", out.may_choose_stream);
  fields.boolean("control_headers", out.control_headers);
  fields.boolean("dsn", out.dsn);
  const bool nobody =
      out.networks.empty() && out.certificate_names.empty() && out.username.empty() && out.token_hash.empty();
  if (nobody && !context.faults.has_below(path)) {
    fields.fault("name", "nobody can be this client: give networks, certificate_names, username or token_hash");
  }
  fields.finish();
}

template <class Item, class Load>
void load_list(const yaml_node* node, const std::string& path, const load_context& context, std::vector<Item>& out,
               Load load) {
  if (node == nullptr || node->what == yaml_node::kind::null) return;
  if (node->what != yaml_node::kind::list) {
    context.faults.add(*node, path, "a list is expected");
    return;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    Item item;
    load(node->items[i], at, context, item);
    if (!item.name.empty() && !names.insert(item.name).second) {
      context.faults.add(node->items[i], at, "the name '" + item.name + "' is used twice");
    }
    out.push_back(std::move(item));
  }
}

}  // namespace

void load_ingress(const yaml_node* ingress, const yaml_node* clients, const load_context& context,
                  ingress::ingress_settings& out) {
  map_reader fields{ingress, "ingress", context};
  load_list(fields.get("smtp"), "ingress.smtp", context, out.smtp, load_listener);
  load_grpc(fields.get("grpc"), context, out.grpc);
  fields.finish();
  load_list(clients, "clients", context, out.clients, load_client);
}

}  // namespace stellwerk::config
