#include "base/net/tls.hpp"

#include <ctime>

#include <openssl/err.h>

#include "base/net/tls_context_impl.hpp"

namespace stellwerk::net {
namespace {

constexpr const char* tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char session_scope[] = "stellwerk";

// OpenSSL's packed codes, so that the operator reads "tls.key: key values mismatch".
class openssl_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "openssl"; }
  std::string message(int value) const override {
    const char* reason = ERR_reason_error_string(static_cast<unsigned long>(static_cast<unsigned>(value)));
    return reason != nullptr ? reason : "TLS failed";
  }
};

// The oldest entry of the queue is the cause.
error tls_error(const char* step) {
  static const openssl_category category;
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code))
    return {boost::system::error_code{ERR_GET_REASON(code), boost::system::system_category()}, step};
  if (code == 0) return {errc::tls_failed, step};
  return {boost::system::error_code{static_cast<int>(code), category}, step};
}

// An encrypted key is a fault, not a question on the terminal.
int no_password(char* /*into*/, int /*size*/, int /*writing*/, void* /*context*/) { return 0; }

result<std::unique_ptr<tls_context::impl>> make_common(const SSL_METHOD* method) {
  ERR_clear_error();
  auto body = std::make_unique<tls_context::impl>();
  body->native.reset(SSL_CTX_new(method));
  SSL_CTX* native = body->native.get();
  if (native == nullptr) return tls_error("tls.context");
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_passwd_cb(native, &no_password);
  if (SSL_CTX_set_cipher_list(native, tls12_ciphers) != 1) return tls_error("tls.ciphers");
  return body;
}

time_point not_after_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
  return time_point{std::chrono::seconds{timegm(&parts)}};
}

result<void> load_pair(tls_context::impl& body, const std::string& certificate, const std::string& key) {
  SSL_CTX* native = body.native.get();
  if (SSL_CTX_use_certificate_chain_file(native, certificate.c_str()) != 1) return tls_error("tls.certificate");
  if (SSL_CTX_use_PrivateKey_file(native, key.c_str(), SSL_FILETYPE_PEM) != 1) return tls_error("tls.key");
  if (SSL_CTX_check_private_key(native) != 1) return tls_error("tls.key");
  body.not_after = not_after_of(SSL_CTX_get0_certificate(native));
  return {};
}

// A client certificate is asked for and checked, but whether one is needed is for the door to decide.
result<void> ask_for_client_certificates(tls_context::impl& body, const std::string& ca_file) {
  SSL_CTX* native = body.native.get();
  if (SSL_CTX_load_verify_locations(native, ca_file.c_str(), nullptr) != 1) return tls_error("tls.client_ca");
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(ca_file.c_str());
  if (names == nullptr) return tls_error("tls.client_ca");
  SSL_CTX_set_client_CA_list(native, names);  // takes ownership
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  body.verifies_peer = true;
  return {};
}

}  // namespace

tls_context::tls_context(std::unique_ptr<impl> body) : impl_{std::move(body)} {}
tls_context::~tls_context() = default;
time_point tls_context::not_after() const { return impl_->not_after; }

result<std::shared_ptr<const tls_context>> make_server_tls(const tls_server_files& files, time_point now) {
  auto body = make_common(TLS_server_method());
  if (!body) return body.error();
  SSL_CTX* native = (*body)->native.get();
  SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Without a scope, resumption fails as soon as client certificates are asked for.
  SSL_CTX_set_session_id_context(native, session_scope, sizeof session_scope - 1);
  if (auto loaded = load_pair(**body, files.certificate, files.key); !loaded) return loaded.error();
  if ((*body)->not_after <= now) return error{errc::tls_failed, "tls.certificate has expired"};
  if (!files.client_ca.empty()) {
    if (auto asked = ask_for_client_certificates(**body, files.client_ca); !asked) return asked.error();
  }
  return std::make_shared<const tls_context>(std::move(*body));
}

result<std::shared_ptr<const tls_context>> make_client_tls(const tls_client_settings& settings) {
  auto body = make_common(TLS_client_method());
  if (!body) return body.error();
  SSL_CTX* native = (*body)->native.get();
  if (settings.verification == tls_verification::chain_and_name) {
    const bool loaded = settings.ca_file.empty()
                            ? SSL_CTX_set_default_verify_paths(native) == 1
                            : SSL_CTX_load_verify_locations(native, settings.ca_file.c_str(), nullptr) == 1;
    if (!loaded) return tls_error("tls.ca");
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    (*body)->verifies_peer = true;
  }
  if (!settings.certificate.empty()) {
    if (auto loaded = load_pair(**body, settings.certificate, settings.key); !loaded) return loaded.error();
  }
  return std::make_shared<const tls_context>(std::move(*body));
}

}  // namespace stellwerk::net
