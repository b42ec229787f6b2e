// slot_share: which stream may take the next connection of one destination.
//
// Each stream has a guaranteed share of the connections; what it does not use is lent to the other and taken back at
// the next free slot. The last tenth (at least one, from two connections on) is never lent to marketing, so that a
// stalled destination full of newsletters still has a way for a password reset. Thread rule: one owner (the
// dispatcher).
#pragma once

#include <array>
#include <cstdint>

#include "mail/traffic_stream.hpp"

namespace stellwerk::delivery {

struct stream_shares {
  double transactional = 0.5;
  double marketing = 0.1;
};

class slot_share {
 public:
  explicit slot_share(stream_shares shares) : shares_{shares} {}

  // How many more connections the stream may take now. `allowed`: those that may be in use now. `other_waits`: the
  // other stream has mail due for this destination.
  [[nodiscard]] std::uint32_t room(mail::traffic_stream stream, std::uint32_t allowed, bool other_waits) const;
  void take(mail::traffic_stream stream) { ++used(stream); }
  void release(mail::traffic_stream stream) { --used(stream); }
  [[nodiscard]] std::uint32_t in_use() const { return used_[0] + used_[1]; }
  [[nodiscard]] std::uint32_t in_use(mail::traffic_stream stream) const { return used_[index(stream)]; }
  void set_shares(stream_shares shares) { shares_ = shares; }

 private:
  [[nodiscard]] static std::size_t index(mail::traffic_stream stream) {
    return stream == mail::traffic_stream::transactional ? 0 : 1;
  }
  [[nodiscard]] std::uint32_t& used(mail::traffic_stream stream) { return used_[index(stream)]; }
  [[nodiscard]] std::uint32_t guaranteed(mail::traffic_stream stream, std::uint32_t allowed) const;

  stream_shares shares_;
  std::array<std::uint32_t, 2> used_{};
};

}  // namespace stellwerk::delivery
