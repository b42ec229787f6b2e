#include "adapters/registry.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "adapters/esp/esp_adapter.hpp"
#include "adapters/esp/mailjet/mailjet_mapping.hpp"
#include "adapters/smtp/smtp_adapter.hpp"
#include "base/net/tls.hpp"
#include "base/net/url.hpp"

namespace stellwerk::adapters {
namespace {

inline constexpr std::string_view smtp_kind = "smtp";
// Requests to a vendor under way on one thread before messages gather: few, so that they fill; more than one or two, so
// that a slow answer holds up only its own.
inline constexpr std::size_t requests_min = 8;

// One row per vendor.
struct vendor {
  std::string_view name;
  std::string_view default_url;
  std::unique_ptr<const esp::mapping> (*make)(const esp_settings& settings);
  mail::capabilities (*api)();
  mail::capabilities (*relay)();
  const std::vector<std::string>& (*refused_fields)();
};

std::unique_ptr<const esp::mapping> make_mailjet(const esp_settings& settings) {
  return std::make_unique<esp::mailjet::mailjet_mapping>(
      esp::mailjet::account{settings.api_key, settings.secret_key, settings.sandbox});
}

constexpr std::array vendors{
    vendor{"mailjet", esp::mailjet::default_url, make_mailjet, esp::mailjet::api_capabilities,
           esp::mailjet::relay_capabilities, esp::mailjet::refused_fields},
};

const vendor* find_vendor(std::string_view name) {
  const auto* found = std::ranges::find(vendors, name, &vendor::name);
  return found == vendors.end() ? nullptr : found;
}

bool has_relay(const destination_settings& settings) { return settings.esp.relay && !settings.esp.sandbox; }

std::shared_ptr<const net::tls_context> tls_for(const destination_settings& settings,
                                                net::tls_verification verification, const std::string& ca_file,
                                                logger& log) {
  net::tls_client_settings wanted;
  wanted.verification = verification;
  wanted.ca_file = ca_file;
  auto made = net::make_client_tls(wanted);
  if (made) return *made;
  log.error("tls_context_failed",
            {{"destination", settings.name}, {"ca", ca_file}, {"reason", made.error().message()}});
  return nullptr;
}

std::unique_ptr<adapter> make_smtp(const destination_settings& settings, const smtp_settings& smtp,
                                   const adapter_environment& environment) {
  std::shared_ptr<const net::tls_context> tls;
  if (smtp.tls != tls_mode::off) {
    const bool verified = smtp.tls == tls_mode::verified;
    tls = tls_for(settings, verified ? net::tls_verification::chain_and_name : net::tls_verification::none,
                  smtp.ca_file, environment.log);
  }
  return std::make_unique<smtp::smtp_adapter>(settings.name, smtp, environment.network, std::move(tls),
                                              environment.time, environment.log);
}

result<net::url_parts> base_url(const vendor& whose, const esp_settings& settings) {
  return net::parse_url(settings.url.empty() ? whose.default_url : std::string_view{settings.url});
}

// Null where HTTPS is asked for and no context can be made: never in clear instead.
std::unique_ptr<net::http_client> make_client(const destination_settings& settings, const net::url_parts& url,
                                              const adapter_environment& environment) {
  net::http_client_config config;
  config.host = url.host;
  config.port = url.port;
  config.connect_timeout = settings.esp.connect_timeout;
  config.connections_max = settings.connections;
  config.allow_private_address = settings.esp.allow_private_address;
  if (url.scheme == "https") {
    config.tls = tls_for(settings, net::tls_verification::chain_and_name, settings.esp.ca_file, environment.log);
    if (!config.tls) return nullptr;
  }
  return environment.make_http_client(std::move(config));
}

}  // namespace

const std::vector<std::string>& adapter_kinds() {
  static const std::vector<std::string> kinds = [] {
    std::vector<std::string> all{std::string{smtp_kind}};
    for (const vendor& one : vendors) all.emplace_back(one.name);
    return all;
  }();
  return kinds;
}

std::unique_ptr<adapter> make_adapter(const destination_settings& settings, const adapter_environment& environment) {
  if (settings.adapter == smtp_kind) return make_smtp(settings, settings.smtp, environment);
  const vendor* whose = find_vendor(settings.adapter);
  if (whose == nullptr) return nullptr;
  const auto url = base_url(*whose, settings.esp);
  if (!url) return nullptr;
  auto client = make_client(settings, *url, environment);
  if (!client) return nullptr;
  esp::esp_endpoint endpoint;
  endpoint.host = url->host + ":" + std::to_string(url->port);
  endpoint.path = url->path;
  endpoint.timeout = settings.esp.connect_timeout + settings.esp.response_timeout;
  auto mapping = whose->make(settings.esp);
  endpoint.requests_max = std::max(requests_min, settings.connections / mapping->limits().entries);
  auto relay = has_relay(settings) ? make_smtp(settings, *settings.esp.relay, environment) : nullptr;
  return std::make_unique<esp::esp_adapter>(environment.owner, std::move(endpoint), std::move(mapping),
                                            std::move(client), std::move(relay), environment.time);
}

std::string settings_fault(const destination_settings& settings) {
  if (settings.adapter == smtp_kind) return settings.smtp.hosts.empty() ? "no host" : "";
  const vendor* whose = find_vendor(settings.adapter);
  if (whose == nullptr) return "unknown adapter";
  const auto url = base_url(*whose, settings.esp);
  if (!url) return "an https URL without user, query and fragment is expected";
  // The key travels with every request.
  const bool in_clear = url->scheme == "http" && !settings.esp.allow_private_address;
  return in_clear ? "http is only for stand-ins: use https, or allow_private_address: true" : "";
}

mail::capabilities capabilities_of(const destination_settings& settings) {
  const vendor* whose = find_vendor(settings.adapter);
  if (whose != nullptr) return whose->api();
  mail::capabilities any_mta;
  any_mta.recipients_max = settings.smtp.recipients_max;
  return any_mta;
}

std::optional<mail::capabilities> relay_capabilities_of(const destination_settings& settings) {
  const vendor* whose = find_vendor(settings.adapter);
  if (whose == nullptr || !has_relay(settings)) return std::nullopt;
  mail::capabilities relay = whose->relay();
  relay.recipients_max = settings.esp.relay->recipients_max;
  return relay;
}

std::vector<std::string> refused_fields_of(const destination_settings& settings) {
  const vendor* whose = find_vendor(settings.adapter);
  return whose != nullptr ? whose->refused_fields() : std::vector<std::string>{};
}

bool has_sandbox(const destination_settings& settings) { return find_vendor(settings.adapter) != nullptr; }

}  // namespace stellwerk::adapters
