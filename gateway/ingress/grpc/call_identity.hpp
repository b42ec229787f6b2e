// Who calls: the configured client behind a bearer token or a verified client certificate, never from the message.
//
// A call with a token that nobody has is unauthenticated, whatever its certificate says. Thread rule: pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ingress/door_settings.hpp"

namespace grpc {
class ServerContextBase;
}

namespace stellwerk::ingress::grpc {

struct credentials {
  std::string authorization;                   // the metadata's value; empty if absent
  std::vector<std::string> certificate_names;  // of a verified certificate: subject alternative names, common name
};

[[nodiscard]] credentials credentials_of(const ::grpc::ServerContextBase& call);

// A client together with the settings it lives in, for as long as the call takes.
struct caller {
  door_settings_ptr settings;
  const client_config* client = nullptr;  // null: nobody we know

  [[nodiscard]] bool known() const { return client != nullptr; }
};

[[nodiscard]] caller identify(const credentials& shown, door_settings_ptr settings);

}  // namespace stellwerk::ingress::grpc
