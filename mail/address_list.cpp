#include "mail/address_list.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "mail/charset.hpp"
#include "mail/encoded_word.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::mail {
namespace {

// Blanks may stand around dots and the at sign (obsolete syntax); anywhere else they part what is no address.
void append_joined(std::string& to, bool blank_before, std::string_view piece) {
  const auto joins = [](char c) { return c == '.' || c == '@'; };
  if (blank_before && !to.empty() && !joins(to.back()) && !joins(piece.front())) to += ' ';
  to += piece;
}

class list_reader {
 public:
  list_reader(std::string_view text, std::vector<mailbox>& out) : text_{text}, out_{out} {}

  std::size_t run() {
    while (at_ < text_.size() && out_.size() < address_list_entries_max) step();
    end_entry();
    return rejected_;
  }

 private:
  void step() {
    switch (text_[at_]) {
      case ' ':
      case '\t':
        blank_ = true;
        ++at_;
        break;
      case '(': read_comment(); break;
      case '"': read_quoted(); break;
      case '<': read_angle(); break;
      case '[': take_until(']'); break;
      case ',':
      case ';':
        end_entry();
        ++at_;
        break;
      case ':':  // what stood before was a group's name
        clear();
        ++at_;
        break;
      default:
        take_text(text_.substr(at_, std::min(text_.find_first_of(" \t(\"<[,;:", at_), text_.size()) - at_));
        break;
    }
  }

  // A run of plain characters: part of a phrase, of a bare address, or of both until an angle bracket decides.
  void take_text(std::string_view run) {
    append_joined(bare_, blank_, run);
    if (blank_ && !atoms_.empty()) atoms_ += ' ';
    blank_ = false;
    atoms_ += run;
    at_ += run.size();
  }

  void take_until(char last) {
    const auto end = std::min(text_.find(last, at_), text_.size() - 1);
    take_text(text_.substr(at_, end + 1 - at_));
  }

  void read_quoted() {
    const std::size_t begin = at_++;
    std::string unquoted;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      unquoted += text_[at_];
    }
    at_ = std::min(at_ + 1, text_.size());
    append_joined(bare_, blank_, text_.substr(begin, at_ - begin));
    flush_atoms();
    if (blank_ && !name_.empty()) name_ += ' ';
    blank_ = false;
    name_ += unquoted;
  }

  void read_comment() {
    std::string comment;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '(' && depth++ == 0) continue;
      if (c == ')' && --depth == 0) break;
      if (c == '\\' && at_ + 1 < text_.size()) c = text_[++at_];
      comment += c;
    }
    at_ = std::min(at_ + 1, text_.size());
    comment_ = std::move(comment);
    blank_ = true;
  }

  void read_angle() {
    std::string inside;
    bool quoted = false;
    bool blank = false;
    for (++at_; at_ < text_.size() && (quoted || text_[at_] != '>'); ++at_) {
      const char c = text_[at_];
      if (c == '"') quoted = !quoted;
      const bool skip = !quoted && (c == ' ' || c == '\t');
      if (!skip && quoted) inside += c;
      if (!skip && !quoted) append_joined(inside, blank, text_.substr(at_, 1));
      if (quoted && c == '\\' && at_ + 1 < text_.size()) inside += text_[++at_];
      blank = skip;
    }
    at_ = std::min(at_ + 1, text_.size());
    flush_atoms();
    if (has_angle_)
      ++rejected_;  // two addresses without a comma: the first one counts
    else
      angle_ = std::move(inside);
    has_angle_ = true;
    blank_ = false;
  }

  void flush_atoms() {
    if (atoms_.empty()) return;
    if (!name_.empty()) name_ += ' ';
    name_ += repaired_utf8(decode_encoded_words(atoms_));
    atoms_.clear();
  }

  void end_entry() {
    const bool angle = has_angle_;
    if (angle) flush_atoms();
    const std::string& candidate = angle ? angle_ : bare_;
    if (!candidate.empty() || angle) {
      auto parsed = parse_path(candidate, utf8_rule::allowed);
      if (parsed) {
        std::string name = angle ? name_ : std::string{};
        if (name.empty()) name = repaired_utf8(decode_encoded_words(comment_));
        out_.push_back({std::string{trim(name)}, std::move(*parsed)});
      } else {
        ++rejected_;
      }
    }
    clear();
  }

  void clear() {
    atoms_.clear();
    name_.clear();
    bare_.clear();
    angle_.clear();
    comment_.clear();
    has_angle_ = false;
    blank_ = false;
  }

  std::string_view text_;
  std::vector<mailbox>& out_;
  std::size_t at_ = 0;
  std::size_t rejected_ = 0;
  std::string atoms_;    // of the phrase, not decoded yet
  std::string name_;     // decoded
  std::string bare_;     // the entry without blanks and comments
  std::string angle_;    // inside < >
  std::string comment_;  // the last one
  bool has_angle_ = false;
  bool blank_ = false;
};

}  // namespace

std::vector<mailbox> parse_address_list(std::string_view header_value, std::size_t* rejected) {
  std::vector<mailbox> list;
  const std::string text = unfold(header_value);
  const std::size_t faults = list_reader{text, list}.run();
  if (rejected != nullptr) *rejected = faults;
  return list;
}

}  // namespace stellwerk::mail
