#include "gateway/ingress/grpc/server_certificates.hpp"

#include <utility>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include "base/file_text.hpp"
#include "base/net/tls.hpp"

namespace stellwerk::ingress::grpc {
namespace {

struct free_credentials {
  void operator()(grpc_server_credentials* credentials) const { grpc_server_credentials_release(credentials); }
};

// What one port has shown last; gRPC asks at every handshake.
struct shown_state {
  std::shared_ptr<server_certificates> source;
  std::mutex mutex;
  std::uint64_t seen = 0;
};

grpc_ssl_certificate_config_reload_status fetch(void* user_data, grpc_ssl_server_certificate_config** config) {
  auto& state = *static_cast<shown_state*>(user_data);
  std::shared_ptr<const certificate_texts> texts;
  {
    const std::lock_guard lock{state.mutex};
    texts = state.source->newer_than(state.seen);
  }
  if (!texts) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair{texts->key.c_str(), texts->certificate.c_str()};
  *config = grpc_ssl_server_certificate_config_create(texts->client_ca.empty() ? nullptr : texts->client_ca.c_str(),
                                                      &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

// The C API has what the C++ wrapper lacks: a function asked for the certificate at each handshake.
class reloading_credentials final : public ::grpc::ServerCredentials {
 public:
  explicit reloading_credentials(std::shared_ptr<server_certificates> source) {
    state_.source = std::move(source);
    auto* options = grpc_ssl_server_credentials_create_options_using_config_fetcher(
        GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY, &fetch, &state_);
    native_.reset(grpc_ssl_server_credentials_create_with_options(options));
  }
  void SetAuthMetadataProcessor(const std::shared_ptr<::grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), native_.get());
  }

  shown_state state_;
  std::unique_ptr<grpc_server_credentials, free_credentials> native_;
};

}  // namespace

result<bool> server_certificates::load(const grpc_config& config, time_point now) {
  const net::tls_server_files files{config.certificate, config.key, config.client_ca};
  const auto usable = net::make_server_tls(files, now);
  if (!usable) return usable.error();
  auto texts = std::make_shared<certificate_texts>();
  const std::pair<std::string, std::string*> wanted[] = {
      {config.certificate, &texts->certificate}, {config.key, &texts->key}, {config.client_ca, &texts->client_ca}};
  for (const auto& [path, into] : wanted) {
    if (path.empty()) continue;
    auto text = read_file_text(path);
    if (!text) return text.error();
    *into = std::move(*text);
  }
  const std::lock_guard lock{mutex_};
  if (current_ && *current_ == *texts) return false;
  current_ = std::move(texts);
  end_ = (*usable)->not_after();
  ++version_;
  return true;
}

std::optional<time_point> server_certificates::end() const {
  const std::lock_guard lock{mutex_};
  return end_;
}

std::shared_ptr<const certificate_texts> server_certificates::newer_than(std::uint64_t& seen) const {
  const std::lock_guard lock{mutex_};
  if (seen == version_) return nullptr;
  seen = version_;
  return current_;
}

std::shared_ptr<::grpc::ServerCredentials> make_credentials(std::shared_ptr<server_certificates> source) {
  return std::make_shared<reloading_credentials>(std::move(source));
}

}  // namespace stellwerk::ingress::grpc
