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

void check_node_name(map_reader& node, const std::string& name) {
  const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; };
  if (name.empty() || name.size() > 253 || !std::all_of(name.begin(), name.end(), allowed)) {
    node.fault("name", "a host name such as gw-1.example.org is expected, not '" + name + "'");
  }
}

std::string directory_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash);
}

}  // namespace

std::variant<gateway_config, std::vector<config_fault>> load_config(const std::string& file, const load_environment& environment) {
  const auto text = environment.read_file(file);
  if (!text) return std::vector{config_fault{{}, "", "cannot be read"}};
  yaml_document parsed = read_yaml(*text);
  if (!parsed.readable) return std::move(parsed.faults);

  gateway_config out;
  out.file = file;
  fault_sink faults;
  faults.add_all(std::move(parsed.faults));
  const load_context context{faults, directory_of(file), environment.variable, environment.read_file};
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
  log.choice<std::string>("level", out.log_level, {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}});
  log.finish();
  std::vector<policy::destination_traits> traits;
  load_destinations(root.get("destinations"), context, environment.adapters, out.destinations, traits);
  for (adapters::destination_settings& one : out.destinations) {
    if (one.smtp.helo_name.empty()) one.smtp.helo_name = out.node.name;
    if (one.esp.relay && one.esp.relay->helo_name.empty()) one.esp.relay->helo_name = out.node.name;
  }
  check_doors(environment, out.ingress, faults);
  policy::policy_config rules;
  load_policy(root.get("policy"), context, rules);
  root.finish();

  auto compiled = policy::compile(rules, traits);
  if (auto* wrong = std::get_if<std::vector<policy::policy_fault>>(&compiled)) {
    for (const policy::policy_fault& one : *wrong) faults.add_at(one.path, one.reason, one.column);
  } else {
    out.policy = std::get<std::shared_ptr<const policy::policy>>(std::move(compiled));
  }
  std::vector<config_fault> found = faults.take();
  if (found.empty()) return out;
  std::stable_sort(found.begin(), found.end(), [](const config_fault& a, const config_fault& b) {
    return std::pair{a.at.line, a.at.column} < std::pair{b.at.line, b.at.column};
  });
  return found;
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
