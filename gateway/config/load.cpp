#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

#include "base/file.hpp"
#include "gateway/config/config.hpp"
#include "gateway/config/decoder.hpp"
#include "gateway/config/sections.hpp"

namespace stellwerk::config {
namespace {

void load_spool(map_reader& root, map_reader& node, const load_context& context, gateway_config& out) {
  node.file_path("data_directory", out.spool.data_directory);
  map_reader spool{root.get("spool"), "spool", context};
  spool.size("bytes_max", out.spool.bytes_max);
  spool.size("inline_body_max", out.spool.inline_body_max);
  spool.size("segment_bytes", out.spool.segment_bytes);
  spool.boolean("sync", out.spool.sync);
  spool.finish();
  map_reader history{root.get("history"), "history", context};
  history.duration_value("retention", out.spool.history_retention);
  history.size("bytes_max", out.spool.history_bytes_max);
  history.finish();
}

void load_http(map_reader& root, const load_context& context, http_config& out) {
  map_reader http{root.get("http"), "http", context};
  map_reader open{http.get("public"), "http.public", context};
  open.text("address", out.public_address);
  check_address(open, out.public_address);
  open.finish();
  map_reader admin{http.get("admin"), "http.admin", context};
  admin.text("address", out.admin_address);
  check_address(admin, out.admin_address);
  // The hash of a random token is no secret: it may stand in the file, as a chart renders it.
  admin.secret_or_text("token_hash", out.admin_token_hash);
  const bool loopback = out.admin_address.starts_with("127.") || out.admin_address.starts_with("[::1]");
  if (!loopback && out.admin_token_hash.empty()) admin.fault("address", "beyond loopback needs token_hash");
  admin.finish();
  http.finish();
}

void load_streams(map_reader& root, const load_context& context, stream_config& out) {
  map_reader streams{root.get("streams"), "streams", context};
  map_reader transactional{streams.get("transactional"), "streams.transactional", context};
  transactional.percent("guaranteed", out.transactional_guaranteed);
  transactional.finish();
  map_reader marketing{streams.get("marketing"), "streams.marketing", context};
  marketing.percent("guaranteed", out.marketing_guaranteed);
  marketing.finish();
  streams.finish();
  if (out.transactional_guaranteed + out.marketing_guaranteed > 1) {
    streams.fault("transactional", "the guaranteed shares add up to more than 100%");
  }
}

void load_delivery(map_reader& root, const load_context& context, delivery::delivery_config& out) {
  map_reader fields{root.get("delivery"), "delivery", context};
  fields.duration_value("delay_warning", out.delay_warning);
  std::uint64_t warm = out.warm_bytes_max;
  fields.size("memory_max", warm);
  out.warm_bytes_max = static_cast<std::size_t>(warm);
  fields.integer("dsn_per_hour", out.dsn_per_hour);
  fields.finish();
}

// What only the doors know: networks, address patterns, certificates. Where a value was refused already, nothing is
// added.
void check_doors(const load_environment& environment, const ingress::ingress_settings& doors, fault_sink& faults) {
  if (!environment.check_doors) return;
  for (path_fault& one : environment.check_doors(doors)) {
    if (!faults.has_below(one.path)) faults.add_at(one.path, std::move(one.reason));
  }
}

// What a destination's certificate is checked against, where it is checked.
void check_authorities(const load_environment& environment,
                       const std::vector<adapters::destination_settings>& destinations, fault_sink& faults) {
  if (!environment.check_ca) return;
  const auto check = [&](const std::string& file, const std::string& path) {
    if (file.empty()) return;
    if (std::string reason = environment.check_ca(file); !reason.empty()) faults.add_at(path, std::move(reason));
  };
  for (const adapters::destination_settings& one : destinations) {
    const std::string path = "destinations." + one.name;
    check(one.smtp.ca_file, path + ".tls.ca");
    check(one.esp.ca_file, path + ".tls.ca");
    if (one.esp.relay) check(one.esp.relay->ca_file, path + ".relay.tls.ca");
  }
}

void check_node_name(map_reader& node, const std::string& name) {
  const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; };
  if (name.empty() || name.size() > 253 || !std::all_of(name.begin(), name.end(), allowed)) {
    node.fault("name", "a host name such as gw-1.example.org is expected, not '" + name + "'");
  }
}

// Compiles what was read; faults of conditions go to their place in the text.
std::shared_ptr<const policy::policy> compile_into(const policy::policy_config& rules,
                                                   const std::vector<policy::destination_traits>& traits,
                                                   fault_sink& faults) {
  auto compiled = policy::compile(rules, traits);
  if (auto* made = std::get_if<std::shared_ptr<const policy::policy>>(&compiled)) return std::move(*made);
  for (const policy::policy_fault& one : std::get<std::vector<policy::policy_fault>>(compiled)) {
    faults.add_at(one.path, one.reason, one.column);
  }
  return nullptr;
}

std::vector<config_fault> in_order(fault_sink& faults) {
  std::vector<config_fault> found = faults.take();
  std::stable_sort(found.begin(), found.end(), [](const config_fault& a, const config_fault& b) {
    return std::pair{a.at.line, a.at.column} < std::pair{b.at.line, b.at.column};
  });
  return found;
}

std::vector<config_finding> findings_of(const policy::policy& rules, std::span<const policy::known_client> clients,
                                        const fault_sink& places) {
  std::vector<config_finding> out;
  for (policy::policy_finding& one : rules.lint(clients)) {
    const bool fault = one.weight == policy::policy_finding::severity::fault;
    const position at = places.place_of(one.path);
    out.push_back({fault ? config_finding::severity::fault : config_finding::severity::warning,
                   {at, std::move(one.path), std::move(one.reason)}});
  }
  std::stable_sort(out.begin(), out.end(), [](const config_finding& a, const config_finding& b) {
    return std::pair{a.what.at.line, a.what.at.column} < std::pair{b.what.at.line, b.what.at.column};
  });
  return out;
}

std::string directory_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash);
}

}  // namespace

std::variant<gateway_config, std::vector<config_fault>> load_config(const std::string& file,
                                                                    const load_environment& environment) {
  const auto text = environment.read_file(file);
  if (!text) return std::vector{config_fault{{}, "", "cannot be read"}};
  yaml_document parsed = read_yaml(*text);
  if (!parsed.readable) return std::move(parsed.faults);

  gateway_config out;
  out.file = file;
  fault_sink faults;
  setting_book in_force;
  faults.add_all(std::move(parsed.faults));
  const load_context context{faults, in_force, directory_of(file), environment.variable, environment.read_file};
  map_reader root{&parsed.root, "", context};
  map_reader node{root.get("node"), "node", context};
  out.node.name = environment.host_name;
  node.text("name", out.node.name);
  check_node_name(node, out.node.name);
  out.ingress.node_name = out.node.name;
  load_spool(root, node, context, out);
  node.finish();
  load_ingress(root.get("ingress"), root.get("clients"), context, out.ingress);
  load_http(root, context, out.http);
  load_streams(root, context, out.streams);
  load_delivery(root, context, out.delivery);
  map_reader log{root.get("log"), "log", context};
  log.choice<std::string>("level", out.log_level,
                          {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}});
  log.finish();
  std::vector<policy::destination_traits> traits;
  load_destinations(root.get("destinations"), context, environment.adapters, out.destinations, traits);
  for (adapters::destination_settings& one : out.destinations) {
    if (one.smtp.helo_name.empty()) one.smtp.helo_name = out.node.name;
    if (one.esp.relay && one.esp.relay->helo_name.empty()) one.esp.relay->helo_name = out.node.name;
  }
  check_doors(environment, out.ingress, faults);
  check_authorities(environment, out.destinations, faults);
  policy::policy_config rules;
  root.choice<policy_source>("policy_source", out.policy_source,
                             {{"file", policy_source::file}, {"store", policy_source::store}});
  const yaml_node* policy_node = root.get("policy");
  load_policy(policy_node, context, rules);
  if (policy_node != nullptr) out.policy_text = to_yaml(*policy_node);
  root.finish();

  out.policy = compile_into(rules, traits, faults);
  if (!faults.empty()) return in_order(faults);
  out.findings = findings_of(*out.policy, known_clients(out), faults);
  out.in_force = in_force.take();
  return out;
}

std::vector<policy::known_client> known_clients(const gateway_config& config) {
  std::vector<policy::known_client> out;
  for (const ingress::client_config& one : config.ingress.clients) out.push_back({one.name, one.tenant});
  return out;
}

std::variant<loaded_policy, std::vector<config_fault>> load_policy_text(
    const std::string& text, std::span<const policy::destination_traits> destinations,
    std::span<const policy::known_client> clients) {
  auto parsed = parse_yaml(text);
  if (auto* wrong = std::get_if<std::vector<config_fault>>(&parsed)) return std::move(*wrong);
  const yaml_node& tree = std::get<yaml_node>(parsed);
  const yaml_node* inner = tree.fields.size() == 1 ? tree.find("policy") : nullptr;
  fault_sink faults;
  setting_book in_force;  // nobody asks for it here
  const auto nothing = [](const std::string&) { return std::optional<std::string>{}; };
  const load_context context{faults, in_force, "", nothing, nothing};  // a policy names no secrets and no files
  policy::policy_config rules;
  load_policy(inner != nullptr ? inner : &tree, context, rules);
  auto made = compile_into(rules, {destinations.begin(), destinations.end()}, faults);
  if (!faults.empty()) return in_order(faults);
  std::vector<config_finding> findings = findings_of(*made, clients, faults);
  return loaded_policy{std::move(made), std::move(findings)};
}

load_environment system_environment(adapter_catalogue adapters, std::string host_name) {
  load_environment environment;
  environment.adapters = std::move(adapters);
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  environment.read_file = [](const std::string& path) { return stellwerk::read_file(path); };
  environment.host_name = std::move(host_name);
  return environment;
}

}  // namespace stellwerk::config
