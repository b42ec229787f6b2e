// How many connections are open, per listener and per peer address, over all io threads.
//
// Thread rule: any thread; one short mutex, taken when a connection opens and when it ends.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "gateway/ingress/ingress_config.hpp"

namespace stellwerk::ingress::smtp {

class connection_limits {
 public:
  // One open connection; ends with the object. Outlived by the limits.
  class slot {
   public:
    slot() {}
    slot(slot&& other) noexcept
        : owner_{std::exchange(other.owner_, nullptr)},
          listener_{std::move(other.listener_)},
          key_{std::move(other.key_)} {}
    slot& operator=(slot&&) = delete;
    ~slot() {
      if (owner_ != nullptr) owner_->leave(listener_, key_);
    }

   private:
    friend class connection_limits;
    slot(connection_limits* owner, std::string listener, std::string key)
        : owner_{owner}, listener_{std::move(listener)}, key_{std::move(key)} {}
    connection_limits* owner_ = nullptr;
    std::string listener_;
    std::string key_;
  };

  enum class verdict : std::uint8_t { entered, too_many, too_many_from_peer };
  struct entry {
    verdict outcome;
    slot place;
  };
  [[nodiscard]] entry enter(const smtp_listener_config& listener, std::string_view peer_ip);

 private:
  void leave(const std::string& listener, const std::string& key);

  std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> by_listener_;  // bounded by the configuration
  std::unordered_map<std::string, std::uint32_t> by_peer_;      // listener and address; only open connections
};

}  // namespace stellwerk::ingress::smtp
