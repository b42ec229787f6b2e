#include "mail/rewrite.hpp"

#include <vector>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

bool is_removed(std::string_view name, const declared_changes& changes) {
  return (changes.remove_control_fields && is_control_field(name)) || (changes.remove_bcc && iequals(name, "Bcc"));
}

std::string missing_fields(const header_section& header, const declared_changes& changes) {
  std::string fields;
  if (!changes.date.empty() && !header.contains("Date")) fields += "Date: " + changes.date + "\r\n";
  if (!changes.message_id.empty() && !header.contains("Message-ID"))
    fields += "Message-ID: " + changes.message_id + "\r\n";
  return fields;
}

}  // namespace

bool is_control_field(std::string_view name) { return istarts_with(name, control_field_prefix); }

std::string apply_declared_changes(std::string_view content, const header_section& header,
                                   const declared_changes& changes) {
  const std::string added = missing_fields(header, changes);
  std::vector<std::string_view> pieces{changes.received};
  // Runs of kept fields stay one piece.
  std::size_t from = 0;
  for (const header_field& field : header.fields()) {
    if (!is_removed(field.name, changes)) continue;
    const auto at = static_cast<std::size_t>(field.raw.data() - content.data());
    pieces.push_back(content.substr(from, at - from));
    from = at + field.raw.size();
  }
  pieces.push_back(content.substr(from, header.end() - from));
  const bool open_line = !header.fields().empty() && header.end() == content.size() && !content.ends_with('\n');
  if (open_line && !added.empty()) pieces.push_back("\r\n");
  pieces.push_back(added);
  const std::string_view rest = content.substr(header.end());
  const bool needs_separator = header.fields().empty() && !rest.starts_with("\r\n") && !rest.empty();
  if (needs_separator && !(changes.received.empty() && added.empty())) pieces.push_back("\r\n");
  pieces.push_back(rest);

  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  std::string out;
  out.reserve(size);
  for (const std::string_view piece : pieces) out.append(piece);
  return out;
}

}  // namespace stellwerk::mail
