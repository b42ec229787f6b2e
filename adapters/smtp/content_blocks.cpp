#include "adapters/smtp/content_blocks.hpp"

#include <algorithm>

#include "mail/dot_stuffing.hpp"

namespace stellwerk::adapters::smtp {

content_blocks::content_blocks(std::string_view content) : pieces_{mail::stuffed_pieces(content)} {
  for (const std::string_view piece : pieces_) remaining_ += piece.size();
}

std::span<const std::string_view> content_blocks::next() {
  std::size_t wanted = at_last() ? remaining_ : std::min(block_octets, remaining_ - last_block_octets);
  remaining_ -= wanted;
  block_.clear();
  while (wanted > 0) {
    const std::string_view rest = pieces_[at_].substr(offset_);
    const std::string_view part = rest.substr(0, wanted);
    if (!part.empty()) block_.push_back(part);
    wanted -= part.size();
    offset_ += part.size();
    if (part.size() == rest.size()) {
      ++at_;
      offset_ = 0;
    }
  }
  return block_;
}

}  // namespace stellwerk::adapters::smtp
