// The content on its way to the peer: stuffed, ended, and cut into gathered writes.
//
// The last block is short, because from its start on a lost connection means "unknown": most of a large message is sent
// while a loss is still certainly a loss. Borrows the content.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace stellwerk::adapters::smtp {

class content_blocks {
 public:
  static constexpr std::size_t block_octets = 256 * 1024;  // the time-out of a block holds for this much
  static constexpr std::size_t last_block_octets = 16 * 1024;

  explicit content_blocks(std::string_view content);

  // The next one is the last.
  [[nodiscard]] bool at_last() const { return remaining_ <= last_block_octets; }
  [[nodiscard]] bool finished() const { return remaining_ == 0; }
  // Views of the next block; valid until the next call. REQUIRES !finished().
  [[nodiscard]] std::span<const std::string_view> next();

 private:
  std::vector<std::string_view> pieces_;
  std::vector<std::string_view> block_;
  std::size_t at_ = 0;  // the piece, and how much of it has been given out
  std::size_t offset_ = 0;
  std::size_t remaining_ = 0;
};

}  // namespace stellwerk::adapters::smtp
