// SMTP replies (RFC 5321 section 4.2, RFC 2034): the value, the incremental parser of a client, the formatter of a
// server.
//
// The parser is strict and bounded: what is not a reply by the letter ends the conversation, it is never guessed
// (catalogue P-199). The text of a parsed reply is foreign. Thread rule: values; a parser belongs to one connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/enhanced_status.hpp"

namespace stellwerk::mail {

inline constexpr std::size_t reply_lines_max = 100;
inline constexpr std::size_t reply_line_octets_max = 2048;  // accepted from a peer, with CRLF
inline constexpr std::size_t reply_line_octets_sent = 512;  // RFC 5321 section 4.5.3.1.5, with CRLF

struct reply {
  int code = 0;                           // 200..599
  std::optional<enhanced_status> status;  // said once in the first line, not repeated in `lines`
  std::vector<std::string> lines;         // the text of each line, without code and enhanced status

  [[nodiscard]] bool is_positive() const { return code >= 200 && code < 400; }
  [[nodiscard]] bool is_transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool is_permanent() const { return code >= 500; }
  // "550 5.1.1 no such user", lines joined by " / ": for logs and attempt outcomes. Foreign where the reply is.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const reply&, const reply&) = default;
};

[[nodiscard]] reply make_reply(int code, enhanced_status status, std::string text);
[[nodiscard]] reply make_reply(int code, std::string text);  // EHLO, 220, 354, 334: no enhanced status

// The octets to send: the same code and status on every line, each line at most 512 octets, everything that is not
// printable ASCII replaced. A text too long for one line is continued on the next.
[[nodiscard]] std::string format_reply(const reply& answer);

class reply_parser {
 public:
  enum class state : std::uint8_t { incomplete, complete, malformed };

  // Takes octets up to the end of one reply; returns how many. After `complete` call take() before feeding again; after
  // `malformed` the connection cannot be used.
  [[nodiscard]] std::size_t feed(std::string_view in);
  [[nodiscard]] state current() const { return state_; }
  [[nodiscard]] bool complete() const { return state_ == state::complete; }
  [[nodiscard]] bool malformed() const { return state_ == state::malformed; }
  // True between the first octet of a reply and its end.
  [[nodiscard]] bool started() const { return !line_.empty() || !reply_.lines.empty(); }
  [[nodiscard]] reply take();  // REQUIRES complete()

 private:
  state read_line(std::string_view line);

  reply reply_;
  std::string line_;  // the part of a line that came in earlier pieces
  state state_ = state::incomplete;
};

}  // namespace stellwerk::mail
