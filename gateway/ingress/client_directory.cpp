#include "gateway/ingress/client_directory.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/random.hpp"
#include "base/text.hpp"
#include "gateway/ingress/password_hash.hpp"

namespace stellwerk::ingress {
namespace {

// Random octets in place of a hash: as dear to verify as a real one, and no password leads to them.
std::string make_nobodys_hash(const password_cost& cost) {
  std::array<unsigned char, 48> chance{};
  secure_random(chance);
  const std::string_view octets{reinterpret_cast<const char*>(chance.data()), chance.size()};
  return fmt::format("scrypt${}${}${}${}${}", cost.n, cost.r, cost.p, base64_encode(octets.substr(0, 16)),
                     base64_encode(octets.substr(16)));
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return {};
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace

client_directory::client_directory(std::vector<client_config> clients) : clients_{std::move(clients)} {
  password_cost cost;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    client_config& client = clients_[i];
    client.token_hash = ascii_lower(client.token_hash);
    for (const std::string& text : client.networks) {
      if (const auto network = net::ip_network::parse(text)) networks_.push_back({*network, i});
    }
    if (client.username.empty()) continue;
    if (!has_passwords_) cost = cost_of_password_hash(client.password_hash).value_or(cost);
    has_passwords_ = true;
  }
  nobodys_hash_ = make_nobodys_hash(cost);
}

const client_config* client_directory::by_network(std::string_view ip) const {
  const auto address = net::ip_address::parse(ip);
  if (!address) return nullptr;
  for (const network_entry& entry : networks_) {
    if (entry.network.contains(*address)) return &clients_[entry.client];
  }
  return nullptr;
}

const client_config* client_directory::by_name(std::string_view name) const {
  const auto found = std::find_if(clients_.begin(), clients_.end(), [&](const auto& one) { return one.name == name; });
  return found == clients_.end() ? nullptr : &*found;
}

const client_config* client_directory::by_username(std::string_view username) const {
  if (username.empty()) return nullptr;
  const auto found =
      std::find_if(clients_.begin(), clients_.end(), [&](const auto& one) { return one.username == username; });
  return found == clients_.end() ? nullptr : &*found;
}

const client_config* client_directory::by_token(std::string_view token) const {
  if (token.empty()) return nullptr;
  const std::string hash = sha256_hex(token);
  const client_config* found = nullptr;
  for (const client_config& client : clients_) {
    if (client.token_hash.size() != hash.size()) continue;
    if (CRYPTO_memcmp(client.token_hash.data(), hash.data(), hash.size()) == 0) found = &client;
  }
  return found;
}

const client_config* client_directory::by_certificate(std::span<const std::string> names) const {
  for (const client_config& client : clients_) {
    for (const std::string& wanted : client.certificate_names) {
      for (const std::string& name : names) {
        if (iequals(name, wanted)) return &client;
      }
    }
  }
  return nullptr;
}

const std::string& client_directory::password_hash_of(std::string_view username) const {
  const client_config* client = by_username(username);
  return client != nullptr ? client->password_hash : nobodys_hash_;
}

}  // namespace stellwerk::ingress
