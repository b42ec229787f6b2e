// Checks a user name and a password against the clients, off the io thread.
//
// Unknown user and wrong password cost the same and look the same. Right answers are remembered for some minutes by a
// keyed hash, so that an application that logs in for every message does not pay scrypt each time.
// Thread rule: the interface is called on io threads; password_authenticator is shared by all of them.
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/async/awaitable.hpp"
#include "base/async/blocking_pool.hpp"
#include "base/clock.hpp"
#include "gateway/ingress/door_settings.hpp"

namespace stellwerk::ingress {

struct credentials {
  std::string username;
  std::string password;
};

enum class auth_verdict : std::uint8_t { accepted, refused, unavailable };

class authenticator {
 public:
  virtual ~authenticator() = default;
  [[nodiscard]] virtual async::awaitable<auth_verdict> check(door_settings_ptr settings, credentials offered) = 0;
};

class password_authenticator final : public authenticator {
 public:
  password_authenticator(async::blocking_pool& pool, const clock& time);
  [[nodiscard]] async::awaitable<auth_verdict> check(door_settings_ptr settings, credentials offered) override;

 private:
  using digest = std::array<unsigned char, 32>;
  struct remembered {
    digest proof{};
    steady_point until{};
  };
  [[nodiscard]] digest proof_of(const std::string& hash, const credentials& offered) const;
  [[nodiscard]] bool is_remembered(const std::string& username, const digest& proof);
  void remember(const std::string& username, const digest& proof);

  async::blocking_pool& pool_;
  const clock& time_;
  std::array<unsigned char, 32> key_{};  // of this process
  std::mutex mutex_;
  std::unordered_map<std::string, remembered> remembered_;  // bounded by the configured clients
};

}  // namespace stellwerk::ingress
