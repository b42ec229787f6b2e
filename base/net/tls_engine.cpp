#include "base/net/tls_engine.hpp"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/net/tls_context_impl.hpp"

namespace stellwerk::net {

// The BIO through which OpenSSL sees the engine's two buffers.
struct tls_engine_bio {
  static int read(BIO* bio, char* into, int size) {
    auto& engine = *static_cast<tls_engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t held = engine.input_tail_ - engine.input_head_;
    if (held == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t taken = std::min(held, static_cast<std::size_t>(size));
    std::memcpy(into, engine.input_.get() + engine.input_head_, taken);
    engine.input_head_ += taken;
    return static_cast<int>(taken);
  }

  static int write(BIO* bio, const char* from, int size) {
    auto& engine = *static_cast<tls_engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    engine.output_.append(from, static_cast<std::size_t>(size));
    return size;
  }

  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> instance = [] {
      std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> made{
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stellwerk tls_engine"), BIO_meth_free};
      BIO_meth_set_read(made.get(), &tls_engine_bio::read);
      BIO_meth_set_write(made.get(), &tls_engine_bio::write);
      BIO_meth_set_ctrl(made.get(), &tls_engine_bio::control);
      BIO_meth_set_create(made.get(), &tls_engine_bio::create);
      return made;
    }();
    return instance.get();
  }
};

namespace {

// A whole TLS 1.2 record with its expansion.
constexpr std::size_t input_capacity = 17 * 1024;

bool is_numeric_address(const std::string& name) {
  in6_addr buffer;
  return inet_pton(AF_INET, name.c_str(), &buffer) == 1 || inet_pton(AF_INET6, name.c_str(), &buffer) == 1;
}

void expect_name(SSL* ssl, const std::string& name, bool verify) {
  if (is_numeric_address(name)) {
    if (verify) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
    return;
  }
  SSL_set_tlsext_host_name(ssl, name.c_str());
  if (!verify) return;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, name.c_str());
}

std::string subject_of(X509* certificate) {
  const std::unique_ptr<BIO, int (*)(BIO*)> memory{BIO_new(BIO_s_mem()), BIO_free};
  X509_NAME_print_ex(memory.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string{};
}

std::vector<std::string> alternative_names_of(X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> list{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free};
  if (!list) return names;
  for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_EMAIL) continue;
    const ASN1_IA5STRING* text = name->type == GEN_DNS ? name->d.dNSName : name->d.rfc822Name;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return names;
}

}  // namespace

tls_engine::tls_engine(const tls_context& context, tls_role role, const std::string& server_name)
    : verifies_peer_{context.get().verifies_peer},
      ssl_{SSL_new(context.get().native.get()), SSL_free},
      input_{std::make_unique_for_overwrite<char[]>(input_capacity)} {
  BIO* bio = BIO_new(tls_engine_bio::method());
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);  // takes the one reference
  if (role == tls_role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    expect_name(ssl_.get(), server_name, verifies_peer_);
  }
}

tls_engine::~tls_engine() = default;

// `step` has to point at a literal: the texts of OpenSSL's tables are such.
void tls_engine::keep_failure(const char* fallback) {
  const long verdict = SSL_get_verify_result(ssl_.get());
  const char* reason = nullptr;
  if (verifies_peer_ && verdict != X509_V_OK) reason = X509_verify_cert_error_string(verdict);
  if (reason == nullptr) reason = ERR_reason_error_string(ERR_peek_last_error());
  failure_ = error{errc::tls_failed, reason != nullptr ? reason : fallback};
}

tls_step tls_engine::step_after(int answer, const char* step) {
  if (answer == 1) return tls_step::done;
  switch (SSL_get_error(ssl_.get(), answer)) {
    case SSL_ERROR_WANT_READ: return tls_step::want_input;
    case SSL_ERROR_ZERO_RETURN: return tls_step::closed;
    default: keep_failure(step); return tls_step::failed;
  }
}

tls_step tls_engine::handshake() {
  ERR_clear_error();
  return step_after(SSL_do_handshake(ssl_.get()), "tls.handshake");
}

tls_engine::read_outcome tls_engine::read(std::span<char> into) {
  ERR_clear_error();
  std::size_t size = 0;
  const int answer = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
  return {step_after(answer, "tls.read"), size};
}

tls_step tls_engine::peek() {
  ERR_clear_error();
  char byte = 0;
  std::size_t size = 0;
  return step_after(SSL_peek_ex(ssl_.get(), &byte, 1, &size), "tls.read");
}

bool tls_engine::write(std::string_view plain) {
  ERR_clear_error();
  while (!plain.empty()) {
    std::size_t size = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &size) != 1) {
      keep_failure("tls.write");
      return false;
    }
    plain.remove_prefix(size);
  }
  return true;
}

void tls_engine::say_goodbye() {
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
}

std::span<char> tls_engine::input_space() {
  // OpenSSL asks for more only after it has taken all there was.
  input_head_ = input_tail_ = 0;
  return {input_.get(), input_capacity};
}

tls_session_info tls_engine::info() const {
  tls_session_info info;
  info.version = SSL_get_version(ssl_.get());
  info.cipher = SSL_get_cipher_name(ssl_.get());
  const std::unique_ptr<X509, void (*)(X509*)> certificate{SSL_get1_peer_certificate(ssl_.get()), X509_free};
  if (certificate && verifies_peer_ && SSL_get_verify_result(ssl_.get()) == X509_V_OK) {
    info.peer_subject = subject_of(certificate.get());
    info.peer_names = alternative_names_of(certificate.get());
  }
  return info;
}

}  // namespace stellwerk::net
