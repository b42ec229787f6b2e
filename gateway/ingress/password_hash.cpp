#include "gateway/ingress/password_hash.hpp"

#include <array>
#include <vector>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/random.hpp"
#include "base/text.hpp"

namespace stellwerk::ingress {
namespace {

constexpr std::size_t salt_octets = 16;
constexpr std::size_t hash_octets = 32;
constexpr std::uint64_t memory_max = 256ULL << 20;
constexpr std::uint64_t work_max = 64;  // times the memory: bounds p

struct parsed_hash {
  password_cost cost;
  std::string salt;
  std::string hash;
};

bool is_affordable(const password_cost& cost) {
  const bool power_of_two = cost.n > 1 && (cost.n & (cost.n - 1)) == 0;
  return power_of_two && cost.n <= memory_max && cost.r > 0 && cost.r <= 1024 && cost.p > 0 && cost.p <= work_max &&
         128 * cost.n * cost.r <= memory_max;
}

std::optional<parsed_hash> parse(std::string_view text) {
  const auto parts = split(text, '$');
  if (parts.size() != 6 || parts[0] != "scrypt") return std::nullopt;
  const auto n = parse_decimal(parts[1]);
  const auto r = parse_decimal(parts[2]);
  const auto p = parse_decimal(parts[3]);
  auto salt = base64_decode(parts[4]);
  auto hash = base64_decode(parts[5]);
  if (!n || !r || !p || !salt || !hash || *r > 1024 || *p > work_max || hash->size() < 16) return std::nullopt;
  const password_cost cost{*n, static_cast<std::uint32_t>(*r), static_cast<std::uint32_t>(*p)};
  if (!is_affordable(cost)) return std::nullopt;
  return parsed_hash{cost, std::move(*salt), std::move(*hash)};
}

std::optional<std::string> derive(std::string_view password, std::string_view salt, const password_cost& cost,
                                  std::size_t octets) {
  std::string out(octets, '\0');
  const int done =
      EVP_PBE_scrypt(password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                     cost.n, cost.r, cost.p, 2 * memory_max, reinterpret_cast<unsigned char*>(out.data()), out.size());
  if (done != 1) return std::nullopt;
  return out;
}

}  // namespace

std::string hash_password(std::string_view password, const password_cost& cost) {
  std::array<unsigned char, salt_octets> fresh{};
  secure_random(fresh);
  const std::string_view salt{reinterpret_cast<const char*>(fresh.data()), fresh.size()};
  const auto hash = derive(password, salt, cost, hash_octets);
  if (!hash) return {};
  return fmt::format("scrypt${}${}${}${}${}", cost.n, cost.r, cost.p, base64_encode(salt), base64_encode(*hash));
}

bool verify_password(std::string_view hash, std::string_view password) {
  const auto expected = parse(hash);
  if (!expected) return false;
  const auto actual = derive(password, expected->salt, expected->cost, expected->hash.size());
  return actual && CRYPTO_memcmp(actual->data(), expected->hash.data(), actual->size()) == 0;
}

std::optional<password_cost> cost_of_password_hash(std::string_view hash) {
  const auto parsed = parse(hash);
  if (!parsed) return std::nullopt;
  return parsed->cost;
}

}  // namespace stellwerk::ingress
