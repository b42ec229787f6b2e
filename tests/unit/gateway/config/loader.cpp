#include "tests/unit/gateway/config/loader.hpp"

#include <stdexcept>

namespace stellwerk::test {

std::variant<config::gateway_config, std::vector<config::config_fault>> loader::load(const std::string& text) const {
  config::load_environment environment;
  environment.adapters.names = {"smtp", "mailjet"};
  environment.adapters.describe = [](const adapters::destination_settings& settings,
                                     policy::destination_traits& traits) {
    traits.can_sandbox = settings.adapter == "mailjet";
  };
  environment.check_ca = [this](const std::string& file) {
    return files.contains(file) ? std::string{} : file + ": cannot be read";
  };
  environment.adapters.fault = [](const adapters::destination_settings& settings) {
    return settings.esp.url.starts_with("ftp:") ? std::string{"no URL for us"} : std::string{};
  };
  environment.variable = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  environment.read_file = [&, this](const std::string& path) -> std::optional<std::string> {
    if (path == "/etc/stellwerk/stellwerk.yaml") return text;
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional{found->second};
  };
  environment.host_name = "machine";
  if (!doors_say.empty()) environment.check_doors = [this](const ingress::ingress_settings&) { return doors_say; };
  return config::load_config("/etc/stellwerk/stellwerk.yaml", environment);
}

std::vector<std::string> loader::faults(const std::string& text) const {
  const auto loaded = load(text);
  std::vector<std::string> lines;
  if (const auto* found = std::get_if<std::vector<config::config_fault>>(&loaded)) {
    for (const config::config_fault& one : *found) lines.push_back(to_string(one, "f").substr(2));
  }
  return lines;
}

config::gateway_config loader::good(const std::string& text) const {
  auto loaded = load(text);
  if (const auto* found = std::get_if<std::vector<config::config_fault>>(&loaded))
    throw std::runtime_error{to_string(found->front(), "f")};
  return std::get<config::gateway_config>(std::move(loaded));
}

std::string small_file(const std::string& more) {
  return "destinations:\n"
         "  onprem: {adapter: smtp, hosts: [\"mta1:25\"], zone: on_prem}\n"
         "policy:\n"
         "  routes:\n"
         "    - {name: all, via: onprem}\n" +
         more;
}

}  // namespace stellwerk::test
