// Text as the signals look at it: lower case, umlauts as two letters, common HTML entities resolved, tags gone (their
// link targets kept), runs of blanks one blank. Roughly right and linear in time, not a renderer.
#pragma once

#include <string>
#include <string_view>

namespace stellwerk::policy {

enum class markup : unsigned char { none, html };

// At most `octets_max` of `text` are read.
[[nodiscard]] std::string fold_text(std::string_view text, markup kind, std::size_t octets_max);

}  // namespace stellwerk::policy
