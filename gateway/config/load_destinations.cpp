#include <algorithm>

#include "base/text.hpp"
#include "gateway/config/sections.hpp"
#include "mail/address_pattern.hpp"

namespace stellwerk::config {
namespace {

constexpr std::uint16_t smtp_port = 25;
constexpr std::uint16_t submission_port = 587;

void load_hosts(map_reader& fields, std::uint16_t default_port, std::vector<adapters::host_port>& out) {
  std::vector<std::string> texts;
  fields.texts("hosts", texts);
  for (const std::string& text : texts) {
    if (const auto parsed = parse_host_port(text, default_port)) {
      out.push_back(*parsed);
    } else {
      fields.fault("hosts", "a host such as mta1:25 is expected, not '" + text + "'");
    }
  }
  if (texts.empty()) fields.fault("hosts", "at least one host is required");
}

void load_smtp(map_reader& fields, const load_context& context, std::uint16_t default_port,
               adapters::smtp_settings& out) {
  load_hosts(fields, default_port, out.hosts);
  map_reader tls{fields.get("tls"), fields.path_of("tls"), context};
  tls.choice<adapters::tls_mode>("mode", out.tls,
                                 {{"off", adapters::tls_mode::off},
                                  {"opportunistic", adapters::tls_mode::opportunistic},
                                  {"required", adapters::tls_mode::required},
                                  {"verified", adapters::tls_mode::verified}});
  tls.file_path("ca", out.ca_file);
  tls.finish();
  if (const yaml_node* node = fields.get("auth")) {
    map_reader auth{node, fields.path_of("auth"), context};
    adapters::smtp_auth given;
    auth.require("username");
    auth.require("password");
    auth.text("username", given.username);
    auth.secret("password", given.password);
    auth.finish();
    out.auth = given;
    if (out.tls == adapters::tls_mode::opportunistic) {
      out.tls = adapters::tls_mode::required;
      tls.note("mode", "required");
    }
  }
  fields.duration_value("connect_timeout", out.timeouts.connect);
  fields.duration_value("greeting_timeout", out.timeouts.greeting);
  fields.duration_value("command_timeout", out.timeouts.command);
  fields.duration_value("data_termination_timeout", out.timeouts.data_termination);
  fields.duration_value("idle_timeout", out.timeouts.idle);
  fields.integer("messages_per_connection", out.messages_per_connection, 1);
  fields.integer("recipients_max", out.recipients_max, 1);
  fields.text("helo_name", out.helo_name);
}

void load_esp(map_reader& fields, const load_context& context, adapters::esp_settings& out) {
  fields.text("url", out.url);
  fields.require("api_key");
  fields.secret("api_key", out.api_key);
  fields.secret("secret_key", out.secret_key);
  fields.boolean("sandbox", out.sandbox);
  fields.duration_value("connect_timeout", out.connect_timeout);
  fields.duration_value("response_timeout", out.response_timeout);
  map_reader tls{fields.get("tls"), fields.path_of("tls"), context};
  tls.file_path("ca", out.ca_file);
  tls.finish();
  fields.boolean("allow_private_address", out.allow_private_address);
  if (const yaml_node* node = fields.get("relay")) {
    map_reader relay{node, fields.path_of("relay"), context};
    adapters::smtp_settings settings;
    // The vendor's relay takes the same key pair; never in clear beyond a test.
    settings.tls = adapters::tls_mode::required;
    settings.auth = adapters::smtp_auth{out.api_key, out.secret_key};
    settings.allow_private_address = out.allow_private_address;
    load_smtp(relay, context, submission_port, settings);
    relay.boolean("allow_private_address", settings.allow_private_address);
    bool anonymous = false;
    relay.boolean("anonymous", anonymous);
    if (anonymous) settings.auth.reset();
    relay.finish();
    out.relay = settings;
  }
}

void load_labels(map_reader& fields, const load_context& context, std::map<std::string, std::string>& out) {
  const yaml_node* node = fields.get("labels");
  if (node == nullptr) return;
  map_reader labels{node, fields.path_of("labels"), context};
  if (node->what != yaml_node::kind::map) return;
  for (const auto& [key, value] : node->fields) labels.text(key, out[key]);
  labels.finish();
}

void load_destination(const std::string& name, const yaml_node& node, const load_context& context,
                      const adapter_catalogue& catalogue, adapters::destination_settings& settings,
                      policy::destination_traits& traits) {
  map_reader fields{&node, "destinations." + name, context};
  settings.name = name;
  traits.name = name;
  fields.require("adapter");
  fields.text("adapter", settings.adapter);
  const bool known =
      std::find(catalogue.names.begin(), catalogue.names.end(), settings.adapter) != catalogue.names.end();
  if (!known && !settings.adapter.empty()) {
    fields.fault("adapter",
                 "unknown adapter '" + settings.adapter + "'" + nearest_hint(settings.adapter, catalogue.names));
    return;
  }
  traits.adapter = settings.adapter;
  fields.text("zone", traits.zone);
  load_labels(fields, context, traits.labels);
  fields.integer("connections", settings.connections, 1);
  traits.connections = settings.connections;
  fields.rate("rate", traits.rate_per_second);
  std::uint64_t backlog_max = 0;
  fields.integer64("backlog_max", backlog_max);
  if (backlog_max > 0) traits.backlog_max = backlog_max;
  fields.money_value("cost_per_thousand", traits.cost_per_thousand);
  std::uint64_t monthly_quota = 0;
  fields.integer64("monthly_quota", monthly_quota);
  if (monthly_quota > 0) traits.monthly_quota = monthly_quota;
  fields.boolean("removed", traits.removed);
  fields.texts("senders", traits.senders);
  for (const std::string& pattern : traits.senders) {
    if (!mail::is_address_pattern(pattern)) fields.fault("senders", "not an address pattern: " + pattern);
  }
  std::uint64_t size_max = 0;
  fields.size("size_max", size_max);
  if (settings.adapter == "smtp") {
    fields.boolean("allow_private_address", settings.smtp.allow_private_address);
    load_smtp(fields, context, smtp_port, settings.smtp);
  } else {
    load_esp(fields, context, settings.esp);
    if (const std::string reason = catalogue.fault ? catalogue.fault(settings) : ""; !reason.empty())
      fields.fault("url", reason);
  }
  fields.finish();
  catalogue.describe(settings, traits);
  if (size_max > 0) traits.capabilities.size_max = std::min(traits.capabilities.size_max, size_max);
}

}  // namespace

std::optional<adapters::host_port> parse_host_port(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::uint16_t port = default_port;
  const auto closing = text.find(']');
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[') && closing != std::string_view::npos;
  if (colon != std::string_view::npos && (!bracketed || colon > closing)) {
    const auto number = parse_decimal(text.substr(colon + 1));
    if (!number || *number > 65535) return std::nullopt;
    port = static_cast<std::uint16_t>(*number);
    host = text.substr(0, colon);
  }
  if (bracketed) host = text.substr(1, closing - 1);
  if (host.empty() || host.find_first_of(" /@") != std::string_view::npos) return std::nullopt;
  if (!bracketed && host.find(':') != std::string_view::npos) return std::nullopt;
  return adapters::host_port{std::string{host}, port};
}

void load_destinations(const yaml_node* node, const load_context& context, const adapter_catalogue& catalogue,
                       std::vector<adapters::destination_settings>& settings,
                       std::vector<policy::destination_traits>& traits) {
  map_reader list{node, "destinations", context};
  if (node == nullptr || node->what != yaml_node::kind::map) {
    context.faults.add(node == nullptr ? yaml_node{} : *node, "destinations", "at least one destination is required");
    return;
  }
  for (const auto& [name, value] : node->fields) {
    adapters::destination_settings one;
    policy::destination_traits trait;
    load_destination(name, value, context, catalogue, one, trait);
    settings.push_back(std::move(one));
    traits.push_back(std::move(trait));
  }
}

}  // namespace stellwerk::config
