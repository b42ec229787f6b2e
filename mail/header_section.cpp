#include "mail/header_section.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::string_view to_string(header_fault fault) {
  switch (fault) {
    case header_fault::none: return "no fault";
    case header_fault::no_header: return "message has no header section";
    case header_fault::bad_field_name: return "bad header field name";
    case header_fault::bad_line: return "header line is neither field nor continuation";
    case header_fault::line_too_long: return "header line over 998 octets";
    case header_fault::too_large: return "header section too large";
    case header_fault::too_many_fields: return "too many header fields";
  }
  return "no fault";
}

bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f && c != ':'; });
}

header_section header_section::parse(std::string_view content) {
  header_section section;
  section.fields_.reserve(24);
  std::size_t at = 0;
  while (at < content.size()) {
    const auto* lf = static_cast<const char*>(std::memchr(content.data() + at, '\n', content.size() - at));
    const std::size_t next = lf == nullptr ? content.size() : static_cast<std::size_t>(lf - content.data()) + 1;
    std::size_t line_end = lf == nullptr ? content.size() : next - 1;
    if (lf != nullptr && line_end > at && content[line_end - 1] == '\r') --line_end;
    if (line_end == at && lf != nullptr) {
      section.end_ = at;
      section.body_offset_ = next;
      if (section.fields_.empty()) section.fault_ = header_fault::no_header;
      return section;
    }
    section.fault_ = section.read_line(content, at, line_end, next);
    if (section.fault_ != header_fault::none) break;
    at = next;
  }
  section.end_ = at;
  section.body_offset_ = section.ok() ? content.size() : at;
  if (section.ok() && section.fields_.empty()) section.fault_ = header_fault::no_header;
  return section;
}

header_fault header_section::read_line(std::string_view content, std::size_t at, std::size_t line_end,
                                       std::size_t next) {
  if (line_end - at > line_octets_max) return header_fault::line_too_long;
  if (next >= header_octets_limit) return header_fault::too_large;
  if (is_blank(content[at])) {
    if (fields_.empty()) return header_fault::no_header;
    header_field& last = fields_.back();
    last.value = content.substr(static_cast<std::size_t>(last.value.data() - content.data()));
    last.value = last.value.substr(0, line_end - static_cast<std::size_t>(last.value.data() - content.data()));
    last.raw = {last.raw.data(), next - static_cast<std::size_t>(last.raw.data() - content.data())};
    return header_fault::none;
  }
  const std::string_view line = content.substr(at, line_end - at);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return fields_.empty() ? header_fault::no_header : header_fault::bad_line;
  if (!is_field_name(line.substr(0, colon))) {
    return fields_.empty() ? header_fault::no_header : header_fault::bad_field_name;
  }
  if (fields_.size() + 1 >= header_fields_limit) return header_fault::too_many_fields;
  fields_.push_back({line.substr(0, colon), line.substr(colon + 1), content.substr(at, next - at)});
  return header_fault::none;
}

std::optional<std::string_view> header_section::first(std::string_view name) const {
  for (const header_field& field : fields_) {
    if (iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> header_section::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const header_field& field : fields_) {
    if (iequals(field.name, name)) values.push_back(field.value);
  }
  return values;
}

std::size_t header_section::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(fields_.begin(), fields_.end(),
                                                [&](const header_field& field) { return iequals(field.name, name); }));
}

std::string unfold(std::string_view value) {
  value = trim(value);
  std::string text;
  text.reserve(value.size());
  for (const char c : value) {
    if (c != '\r' && c != '\n') text += c;
  }
  return text;
}

}  // namespace stellwerk::mail
