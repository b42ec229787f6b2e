// The DATA phase of RFC 5321 section 4.5.2, both directions.
//
// stuffed_pieces / append_stuffed are the client's side. data_reader is the server's: it finds the one true end,
// CRLF.CRLF, in any split of the input, removes the stuffing and judges the framing on the way. After a fault it stores
// nothing more but reads on to the true end, so that the session stays in step and nothing behind a false end is ever
// taken for a command. Hot path: whole lines by memchr; single octets only where a piece of input ends inside a line
// end. Thread rule: a reader belongs to one session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail/content_framing.hpp"

namespace stellwerk::mail {

// Views into `content` and into constants, in order, the end CRLF.CRLF included. A last line without CRLF gets one.
[[nodiscard]] std::vector<std::string_view> stuffed_pieces(std::string_view content);
void append_stuffed(std::string& out, std::string_view content);

class data_reader {
 public:
  explicit data_reader(std::size_t size_max) : size_max_{size_max} {}

  // Optional: the size the client declared. Bounded, so that a lie costs little.
  void expect(std::size_t declared);

  // Returns how many octets belong to the message; fewer than given only when complete().
  std::size_t feed(std::string_view in);

  [[nodiscard]] bool complete() const { return state_ == state::complete; }
  [[nodiscard]] framing_fault fault() const { return fault_; }  // the first one
  // Nothing of it is wanted any more: like a fault, it is read to its true end. The fault is `too_large`.
  void give_up() { fail(framing_fault::too_large); }
  // Octets of content so far, lines unstuffed; stands still after a fault.
  [[nodiscard]] std::size_t size() const { return content_.size(); }
  [[nodiscard]] std::string take_content() { return std::move(content_); }  // REQUIRES complete() and no fault

 private:
  // What the octets read so far end with.
  enum class state : std::uint8_t { line_start, inside, inside_cr, dot, dot_cr, complete };

  void step(char octet);                  // one octet, in a state where lines may not be searched
  std::size_t scan(std::string_view in);  // from line_start or inside to the end of `in` or the true end
  void scan_line(std::string_view line, bool ended);
  void store(std::string_view octets);
  void fail(framing_fault fault);
  void count_line(std::size_t octets);

  std::string content_;
  std::size_t size_max_;
  std::size_t line_octets_ = 0;  // of the current line, unstuffed
  state state_ = state::line_start;
  framing_fault fault_ = framing_fault::none;
};

}  // namespace stellwerk::mail
