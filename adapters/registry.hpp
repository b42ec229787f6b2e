// The registry of adapters: which kinds exist, what each can carry, and how one is made. The only place that names the
// concrete ones.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/destination_config.hpp"
#include "base/log.hpp"
#include "base/net/http_client.hpp"
#include "base/net/stream.hpp"
#include "mail/capabilities.hpp"

namespace stellwerk::adapters {

// What an adapter on one io thread is made of; all of it outlives the adapter.
struct adapter_environment {
  async::executor owner;  // of the thread
  net::connector& network;
  const clock& time;
  logger& log;
  // net::make_http_client on the thread's executor; a test gives a stand-in.
  std::function<std::unique_ptr<net::http_client>(net::http_client_config)> make_http_client;
};

// The names of `adapter:` in the configuration.
[[nodiscard]] const std::vector<std::string>& adapter_kinds();

// Null for an unknown kind or a base URL that is none; both are faults of the configuration (see settings_fault). An
// adapter whose TLS context cannot be made defers everything and says so in the log.
[[nodiscard]] std::unique_ptr<adapter> make_adapter(const destination_settings& settings,
                                                    const adapter_environment& environment);

// Why no adapter can be made of these settings; "" if one can. Opens nothing.
[[nodiscard]] std::string settings_fault(const destination_settings& settings);

// Of the main way, the API of an ESP or the MTA.
[[nodiscard]] mail::capabilities capabilities_of(const destination_settings& settings);
// Of the vendor's SMTP relay; nullopt without one. A sandbox has none: the relay would deliver.
[[nodiscard]] std::optional<mail::capabilities> relay_capabilities_of(const destination_settings& settings);
// Header fields the API refuses or rewrites, lower case; empty for SMTP.
[[nodiscard]] std::vector<std::string> refused_fields_of(const destination_settings& settings);
// Whether its main way can take a message without delivering it: an API can, SMTP cannot.
[[nodiscard]] bool has_sandbox(const destination_settings& settings);

}  // namespace stellwerk::adapters
