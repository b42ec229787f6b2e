#include "gateway/ingress/authenticator.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/random.hpp"
#include "gateway/ingress/password_hash.hpp"

namespace stellwerk::ingress {
namespace {

constexpr auto remembered_for = std::chrono::minutes{5};

}  // namespace

password_authenticator::password_authenticator(async::blocking_pool& pool, const clock& time)
    : pool_{pool}, time_{time} {
  secure_random(key_);
}

async::awaitable<auth_verdict> password_authenticator::check(door_settings_ptr settings, credentials offered) {
  const std::string& hash = settings->clients.password_hash_of(offered.username);
  const digest proof = proof_of(hash, offered);
  if (is_remembered(offered.username, proof)) co_return auth_verdict::accepted;
  const auto verify = [hash, password = offered.password] { return verify_password(hash, password); };
  const result<bool> verified = co_await pool_.run(verify);
  if (!verified) co_return auth_verdict::unavailable;
  if (!*verified) co_return auth_verdict::refused;
  remember(offered.username, proof);
  co_return auth_verdict::accepted;
}

// The stored hash is part of it: a changed password is forgotten by itself.
password_authenticator::digest password_authenticator::proof_of(const std::string& hash,
                                                                const credentials& offered) const {
  std::string text = hash;
  text += '\0';
  text += offered.username;
  text += '\0';
  text += offered.password;
  digest out{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out.data(), &size);
  OPENSSL_cleanse(text.data(), text.size());
  return out;
}

bool password_authenticator::is_remembered(const std::string& username, const digest& proof) {
  const std::lock_guard lock{mutex_};
  const auto found = remembered_.find(username);
  if (found == remembered_.end() || found->second.until < time_.steady()) return false;
  return CRYPTO_memcmp(found->second.proof.data(), proof.data(), proof.size()) == 0;
}

void password_authenticator::remember(const std::string& username, const digest& proof) {
  const std::lock_guard lock{mutex_};
  remembered_[username] = {proof, time_.steady() + remembered_for};
}

}  // namespace stellwerk::ingress
