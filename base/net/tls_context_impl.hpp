// What a tls_context holds; seen by tls.cpp and tls_engine.cpp only.
#pragma once

#include <memory>

#include <openssl/ssl.h>

#include "base/net/tls.hpp"

namespace stellwerk::net {

struct tls_context::impl {
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> native{nullptr, SSL_CTX_free};
  bool verifies_peer = false;
  time_point not_after{};
};

}  // namespace stellwerk::net
