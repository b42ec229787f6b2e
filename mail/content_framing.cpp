#include "mail/content_framing.hpp"

#include <cstring>

#include "mail/header_section.hpp"

namespace stellwerk::mail {
namespace {

framing_fault check_line(std::string_view line, bool ended) {
  if (std::memchr(line.data(), '\0', line.size()) != nullptr) return framing_fault::nul;
  const auto cr = line.find('\r');
  if (ended) {
    if (cr == std::string_view::npos) return framing_fault::bare_lf;
    if (cr + 1 != line.size()) return framing_fault::bare_cr;
    line.remove_suffix(1);
  } else if (cr != std::string_view::npos) {
    return framing_fault::bare_cr;
  }
  return line.size() > line_octets_max ? framing_fault::line_too_long : framing_fault::none;
}

}  // namespace

std::string_view to_string(framing_fault fault) {
  switch (fault) {
    case framing_fault::none: return "no fault";
    case framing_fault::bare_cr: return "bare CR in message";
    case framing_fault::bare_lf: return "bare LF in message";
    case framing_fault::nul: return "NUL in message";
    case framing_fault::line_too_long: return "line over 998 octets in message";
    case framing_fault::too_large: return "message too large";
  }
  return "no fault";
}

framing_fault check_framing(std::string_view content) {
  while (!content.empty()) {
    const auto lf = content.find('\n');
    const bool ended = lf != std::string_view::npos;
    const framing_fault fault = check_line(content.substr(0, lf), ended);
    if (fault != framing_fault::none || !ended) return fault;
    content.remove_prefix(lf + 1);
  }
  return framing_fault::none;
}

}  // namespace stellwerk::mail
