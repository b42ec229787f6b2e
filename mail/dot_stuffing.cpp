#include "mail/dot_stuffing.hpp"

#include <algorithm>
#include <cstring>

#include "base/planted_defect.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::mail {
namespace {

constexpr std::size_t reserve_max = 1U << 20;

bool has(std::string_view text, char octet) {
  return !text.empty() && std::memchr(text.data(), octet, text.size()) != nullptr;
}

// Calls `take` with each piece. A dot that begins a line ends one piece and begins the next, so it is sent twice.
template <class Take>
void for_each_piece(std::string_view content, Take take) {
  std::size_t from = 0;
  for (auto dot = content.find('.'); dot != std::string_view::npos; dot = content.find('.', dot + 1)) {
    if ((dot != 0 && content[dot - 1] != '\n') || planted(defect::dots_not_stuffed)) continue;
    take(content.substr(from, dot + 1 - from));
    from = dot;
  }
  if (from < content.size()) take(content.substr(from));
  take(content.empty() || content.ends_with("\r\n") ? std::string_view{".\r\n"} : std::string_view{"\r\n.\r\n"});
}

}  // namespace

std::vector<std::string_view> stuffed_pieces(std::string_view content) {
  std::vector<std::string_view> pieces;
  for_each_piece(content, [&](std::string_view piece) { pieces.push_back(piece); });
  return pieces;
}

void append_stuffed(std::string& out, std::string_view content) {
  out.reserve(out.size() + content.size() + content.size() / 64 + 5);
  for_each_piece(content, [&](std::string_view piece) { out.append(piece); });
}

void data_reader::expect(std::size_t declared) { content_.reserve(std::min({declared, size_max_, reserve_max})); }

std::size_t data_reader::feed(std::string_view in) {
  std::size_t consumed = 0;
  while (consumed < in.size() && state_ != state::complete) {
    if (state_ == state::line_start || state_ == state::inside) {
      consumed += scan(in.substr(consumed));
    } else {
      step(in[consumed++]);
    }
  }
  return consumed;
}

void data_reader::step(char octet) {
  if (octet == '\n' && state_ != state::dot) {
    if (state_ == state::dot_cr) {
      state_ = state::complete;
      return;
    }
    store("\r\n");
    line_octets_ = 0;
    state_ = state::line_start;
    return;
  }
  if (state_ != state::dot) {  // a CR that no LF followed
    fail(framing_fault::bare_cr);
    state_ = octet == '\r' ? state::inside_cr : state::inside;
    return;
  }
  if (octet == '\r') {
    state_ = state::dot_cr;
    return;
  }
  state_ = state::inside;  // the dot was stuffing
  if (octet == '\n') fail(framing_fault::bare_lf);
  if (octet == '\0') fail(framing_fault::nul);
  count_line(1);
  store({&octet, 1});
}

std::size_t data_reader::scan(std::string_view in) {
  std::size_t at = 0;
  std::size_t run = 0;  // [run, at) is judged but not stored yet
  while (at < in.size()) {
    if (state_ == state::line_start && in[at] == '.') {
      store(in.substr(run, at - run));
      const std::string_view rest = in.substr(at, 3);
      if (rest == ".\r\n") {
        state_ = state::complete;
        return at + 3;
      }
      if (rest == "." || rest == ".\r") {
        state_ = rest.size() == 1 ? state::dot : state::dot_cr;
        return in.size();
      }
      state_ = state::inside;
      run = planted(defect::dots_not_unstuffed) ? at : at + 1;
      ++at;
      continue;
    }
    const auto lf = in.find('\n', at);
    const std::size_t next = lf == std::string_view::npos ? in.size() : lf + 1;
    scan_line(in.substr(at, next - at), lf != std::string_view::npos);
    at = next;
    if (state_ == state::inside_cr) {
      store(in.substr(run, at - 1 - run));
      return at;
    }
  }
  store(in.substr(run));
  return at;
}

void data_reader::scan_line(std::string_view line, bool ended) {
  std::string_view text = line;
  if (!ended) {
    state_ = line.back() == '\r' ? state::inside_cr : state::inside;
    if (state_ == state::inside_cr) text.remove_suffix(1);
  } else if (line.ends_with("\r\n")) {
    state_ = state::line_start;
    text.remove_suffix(2);
  } else if (planted(defect::bare_lf_taken)) {
    state_ = state::line_start;
  } else {
    fail(framing_fault::bare_lf);
    state_ = state::inside;
  }
  if (fault_ != framing_fault::none) return;
  if (has(text, '\r')) fail(framing_fault::bare_cr);
  if (has(text, '\0')) fail(framing_fault::nul);
  count_line(text.size());
  if (state_ == state::line_start) line_octets_ = 0;
}

void data_reader::store(std::string_view octets) {
  if (fault_ != framing_fault::none) return;
  if (octets.size() > size_max_ - content_.size()) {
    fail(framing_fault::too_large);
    return;
  }
  content_.append(octets);
}

void data_reader::fail(framing_fault fault) {
  if (fault_ != framing_fault::none) return;
  fault_ = fault;
  content_ = {};
}

void data_reader::count_line(std::size_t octets) {
  line_octets_ += octets;
  if (line_octets_ > line_octets_max) fail(framing_fault::line_too_long);
}

}  // namespace stellwerk::mail
