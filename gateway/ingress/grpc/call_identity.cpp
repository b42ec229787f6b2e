#include "gateway/ingress/grpc/call_identity.hpp"

#include <utility>

#include <grpc/grpc_security_constants.h>
#include <grpcpp/server_context.h>

#include "base/text.hpp"

namespace stellwerk::ingress::grpc {
namespace {

constexpr std::string_view scheme = "Bearer ";

}  // namespace

credentials credentials_of(const ::grpc::ServerContextBase& call) {
  credentials shown;
  const auto& metadata = call.client_metadata();
  if (const auto found = metadata.find("authorization"); found != metadata.end())
    shown.authorization.assign(found->second.data(), found->second.size());
  const auto peer = call.auth_context();
  if (!peer || !peer->IsPeerAuthenticated()) return shown;
  for (const char* property : {GRPC_X509_SAN_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME}) {
    for (const ::grpc::string_ref& name : peer->FindPropertyValues(property))
      shown.certificate_names.emplace_back(name.data(), name.size());
  }
  return shown;
}

caller identify(const credentials& shown, door_settings_ptr settings) {
  const client_config* client = nullptr;
  if (!shown.authorization.empty()) {
    if (istarts_with(shown.authorization, scheme))
      client = settings->clients.by_token(trim(std::string_view{shown.authorization}.substr(scheme.size())));
  } else if (!shown.certificate_names.empty()) {
    client = settings->clients.by_certificate(shown.certificate_names);
  }
  return {std::move(settings), client};
}

}  // namespace stellwerk::ingress::grpc
