// A whole message: header section, MIME tree, decoded texts. Every view lies inside the content, every bound holds.
#include <cstdint>
#include <functional>
#include <string_view>

#include "mail/header_section.hpp"
#include "mail/mime.hpp"
#include "tests/fuzz/require.hpp"

using namespace stellwerk;

namespace {

bool inside(std::string_view part, std::string_view whole) {
  if (part.empty()) return true;
  const std::less_equal<> before;
  return before(whole.data(), part.data()) && before(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content{reinterpret_cast<const char*>(data), size};
  const auto header = mail::header_section::parse(content);
  fuzz::require(header.end() <= content.size() && header.body_offset() <= content.size(), "offsets lie in the content");
  for (const mail::header_field& field : header.fields()) {
    fuzz::require(inside(field.raw, content) && inside(field.value, field.raw) && inside(field.name, field.raw),
                  "a field is a view");
    fuzz::require(mail::is_field_name(field.name), "a field has a name");
    fuzz::require(mail::unfold(field.value).find('\n') == std::string::npos, "an unfolded value is one line");
  }
  const auto tree = mail::scan_mime(content, header);
  fuzz::require(!tree.parts.empty() && tree.parts.size() <= mail::mime_parts_max, "parts are bounded");
  for (const mail::mime_part& part : tree.parts) {
    fuzz::require(part.depth <= mail::mime_depth_max && part.parent < tree.parts.size(), "depth is bounded");
    fuzz::require(inside(part.body, content), "a body is a view");
    if (!part.container) fuzz::require(mail::decoded_text(part, 4096).size() <= 4096 * 4, "decoded text is bounded");
  }
  return 0;
}
