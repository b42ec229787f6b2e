#include "mail/foreign_text.hpp"

#include <algorithm>

namespace stellwerk::mail {

std::string printable_text(std::string_view foreign, std::size_t octets_max) {
  std::string text;
  text.reserve(std::min(foreign.size(), octets_max));
  for (const char c : foreign) {
    if (text.size() == octets_max) break;
    if (c == '\r' || c == '\n' || c == '\t') {
      if (!text.empty() && text.back() != ' ') text += ' ';
    } else {
      text += c >= 0x20 && c <= 0x7e ? c : '?';
    }
  }
  return text;
}

}  // namespace stellwerk::mail
