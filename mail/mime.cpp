#include "mail/mime.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "mail/charset.hpp"

namespace stellwerk::mail {
namespace {

std::string_view without_angle_brackets(std::string_view value) {
  value = trim(value);
  if (value.starts_with('<')) value.remove_prefix(1);
  if (value.ends_with('>')) value.remove_suffix(1);
  return value;
}

void describe(mime_part& part, const header_section& header, std::string_view default_type) {
  const auto type = header.first("Content-Type");
  if (type) part.content_type = parse_mime_value(*type);
  if (part.content_type.subtype().empty()) part.content_type.value = std::string{default_type};
  if (const auto disposition = header.first("Content-Disposition")) part.disposition = parse_mime_value(*disposition);
  if (const auto encoding = header.first("Content-Transfer-Encoding")) {
    part.encoding = parse_transfer_encoding(unfold(*encoding));
  }
  if (const auto id = header.first("Content-ID")) part.content_id = std::string{without_angle_brackets(unfold(*id))};
  part.filename = part.disposition.parameter("filename");
  if (part.filename.empty()) part.filename = part.content_type.parameter("name");
}

class scanner {
 public:
  explicit scanner(std::string_view content) : content_{content} {}

  mime_tree run(const header_section& header) {
    add_part(0, 0, false);
    open_body(header, header.body_offset(), "text/plain");
    for (std::size_t at = header.body_offset(); at < content_.size() && !stopped();) {
      // A leaf at the root has no boundary to look for.
      if (!in_header_ && boundaries_.empty()) break;
      const auto lf = content_.find('\n', at);
      const std::size_t next = lf == std::string_view::npos ? content_.size() : lf + 1;
      read_line(at, next);
      at = next;
    }
    if (in_header_ && !stopped()) end_header(content_.size(), content_.size());
    close_above(0, content_.size());
    set_body_end(stack_.front(), content_.size());
    return std::move(tree_);
  }

 private:
  struct open_part {
    std::size_t index;
    std::size_t body_begin;
    std::string boundary;  // "" if it has none or the closing delimiter was seen
  };

  [[nodiscard]] bool stopped() const { return tree_.fault != mime_fault::none; }

  void read_line(std::size_t at, std::size_t next) {
    std::string_view line = content_.substr(at, next - at);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
      line.remove_suffix(1);
    }
    if (line.starts_with("--") && !boundaries_.empty() && read_delimiter(line.substr(2), at, next)) return;
    if (in_header_ && line.empty() && content_[at] != ' ' && content_[at] != '\t') end_header(at, next);
  }

  bool read_delimiter(std::string_view text, std::size_t at, std::size_t next) {
    auto found = boundaries_.find(text);
    const bool closing = found == boundaries_.end() && text.ends_with("--");
    if (closing) found = boundaries_.find(text.substr(0, text.size() - 2));
    if (found == boundaries_.end()) return false;
    if (in_header_) end_header(at, at);
    if (stopped()) return true;
    const std::size_t level = found->second;
    close_above(level, end_before_delimiter(at));
    if (closing) {
      boundaries_.erase(stack_[level].boundary);
      stack_[level].boundary.clear();
    } else {
      begin_part(level, next);
    }
    return true;
  }

  // The line break before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
  [[nodiscard]] std::size_t end_before_delimiter(std::size_t at) const {
    if (at > 0 && content_[at - 1] == '\n') --at;
    if (at > 0 && content_[at - 1] == '\r') --at;
    return at;
  }

  void begin_part(std::size_t level, std::size_t header_begin) {
    const std::size_t parent = stack_[level].index;
    const bool in_message = tree_.parts[parent].in_message || tree_.parts[parent].content_type.type() == "message";
    add_part(parent, tree_.parts[parent].depth + 1, in_message);
    in_header_ = !stopped();
    header_begin_ = header_begin;
  }

  void add_part(std::size_t parent, std::size_t depth, bool in_message) {
    if (depth > mime_depth_max) tree_.fault = mime_fault::too_deep;
    if (tree_.parts.size() == mime_parts_max) tree_.fault = mime_fault::too_many_parts;
    if (stopped()) return;
    mime_part part;
    part.parent = parent;
    part.depth = depth;
    part.in_message = in_message;
    tree_.parts.push_back(std::move(part));
  }

  void end_header(std::size_t header_end, std::size_t body_begin) {
    in_header_ = false;
    const mime_part& part = tree_.parts.back();
    const bool in_digest = tree_.parts[part.parent].is_type("multipart/digest");
    const std::string_view raw = content_.substr(header_begin_, std::max(header_end, header_begin_) - header_begin_);
    open_body(header_section::parse(raw), body_begin, in_digest ? "message/rfc822" : "text/plain");
    tree_.parts[stack_.back().index].header = raw;
    enter_message(body_begin);
  }

  void open_body(const header_section& header, std::size_t body_begin, std::string_view default_type) {
    mime_part& part = tree_.parts.back();
    describe(part, header, default_type);
    if (tree_.parts.size() == 1) part.header = content_.substr(0, header.end());
    open_part opened{tree_.parts.size() - 1, body_begin, {}};
    if (part.content_type.type() == "multipart") {
      opened.boundary = part.content_type.parameter("boundary");
      part.container = true;
      // A boundary that is already open stays the outer part's: its delimiter closes this one.
      if (!opened.boundary.empty() && !boundaries_.emplace(opened.boundary, stack_.size()).second) {
        opened.boundary.clear();
      }
    }
    stack_.push_back(std::move(opened));
    if (tree_.parts.size() == 1) enter_message(body_begin);
  }

  // The body of message/rfc822 is a header and a body again.
  void enter_message(std::size_t body_begin) {
    mime_part& part = tree_.parts[stack_.back().index];
    if (!part.is_type("message/rfc822") && !part.is_type("message/global")) return;
    if (part.encoding != transfer_encoding::identity) return;
    part.container = true;
    begin_part(stack_.size() - 1, body_begin);
  }

  void close_above(std::size_t level, std::size_t end) {
    while (stack_.size() > level + 1) {
      set_body_end(stack_.back(), end);
      if (!stack_.back().boundary.empty()) boundaries_.erase(stack_.back().boundary);
      stack_.pop_back();
    }
  }

  void set_body_end(const open_part& closed, std::size_t end) {
    tree_.parts[closed.index].body =
        content_.substr(closed.body_begin, std::max(end, closed.body_begin) - closed.body_begin);
  }

  std::string_view content_;
  mime_tree tree_;
  std::vector<open_part> stack_;
  std::map<std::string, std::size_t, std::less<>> boundaries_;  // open boundary -> index into stack_
  std::size_t header_begin_ = 0;
  bool in_header_ = false;
};

}  // namespace

bool mime_part::is_attachment() const {
  if (container && disposition.value != "attachment" && content_type.type() != "message") return false;
  if (disposition.value == "attachment" || !filename.empty()) return true;
  return content_type.type() != "text" && content_type.type() != "multipart";
}

mime_tree scan_mime(std::string_view content, const header_section& header) { return scanner{content}.run(header); }

std::string decoded_body(const mime_part& part, std::size_t octets_max) {
  return decode_transfer(part.body, part.encoding, octets_max);
}

std::string decoded_text(const mime_part& part, std::size_t octets_max) {
  const std::string bytes = decoded_body(part, octets_max);
  std::optional<std::string> text = to_utf8(bytes, part.content_type.parameter("charset"));
  return text ? std::move(*text) : repaired_utf8(bytes);
}

}  // namespace stellwerk::mail
