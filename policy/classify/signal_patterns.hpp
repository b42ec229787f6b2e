// The table behind signals.hpp: rows with what they look for. Private to this folder.
#pragma once

#include <span>
#include <string_view>

#include "policy/classify/signals.hpp"

namespace stellwerk::policy {

struct signal_row {
  signal_description shown;
  std::string_view key;      // header: the field's name
  std::string_view pattern;  // RE2, case-blind, over the folded text; empty: presence is enough
};
[[nodiscard]] std::span<const signal_row> signal_rows();

}  // namespace stellwerk::policy
