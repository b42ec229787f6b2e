#include "adapters/esp/relay_content.hpp"

#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::adapters::esp {

mail::content_ptr mark_content(const std::string& content, const relay_marks& marks) {
  const auto header = mail::header_section::parse(content);
  const auto is_stripped = [&marks](std::string_view name) {
    return std::ranges::any_of(marks.stripped_prefixes,
                               [name](std::string_view prefix) { return istarts_with(name, prefix); });
  };
  auto marked = std::make_shared<std::string>();
  marked->reserve(content.size() + 512);
  for (const vendor_field& field : marks.added) {
    marked->append(field.name).append(": ").append(field.value).append("\r\n");
  }
  for (const mail::header_field& field : header.fields()) {
    if (!is_stripped(field.name)) marked->append(field.raw);
  }
  // Content without a header section gets the empty line that now has to be there.
  if (header.fields().empty() && !content.starts_with("\r\n")) marked->append("\r\n");
  marked->append(content, header.end());
  return marked;
}

}  // namespace stellwerk::adapters::esp
