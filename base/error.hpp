// The error of an operating failure: small, copyable, compared by code.
//
// Text that came from a peer is never in an error; it travels in the attempt outcome, marked as foreign.
// Thread rule: values, no shared state.
#pragma once

#include <string>
#include <string_view>

#include <boost/system/error_code.hpp>

namespace stellwerk {

// Failures of our own. Foreign categories (errno, Asio, OpenSSL) keep their own codes.
enum class errc {
  ok = 0,
  timed_out,      // a deadline passed; the stream it was on may not be used again
  closed,         // the peer closed, or we did
  cancelled,      // the owner asked the task to stop
  line_too_long,  // a limit of base/limits.hpp
  message_too_large,
  malformed,  // input that does not follow its grammar
  not_found,
  already_exists,
  fingerprint_differs,  // same idempotency key, other content
  refused,              // a compare-and-set in the spool lost
  limit_reached,        // a named bound is full
  store_full,           // no space or no inodes left, or bytes_max reached
  store_failed,         // a failed sync or a store in read-only mode; recovers by restart
  corrupt,              // a checksum or structure does not hold
  locked,               // another process holds the data directory
  tls_failed,
  unresolved,  // the name has no address
  unsupported,
};

[[nodiscard]] const boost::system::error_category& stellwerk_category() noexcept;
[[nodiscard]] inline boost::system::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), stellwerk_category()};
}

// `step` names what was being done ("spool.append", "smtp.starttls"); it points at a string literal.
struct error {
  error() = default;
  error(errc code_in, const char* step_in) noexcept : code{make_error_code(code_in)}, step{step_in} {}
  error(boost::system::error_code code_in, const char* step_in) noexcept : code{code_in}, step{step_in} {}

  boost::system::error_code code;
  const char* step = "";

  [[nodiscard]] bool is(errc other) const noexcept { return code == make_error_code(other); }
  [[nodiscard]] std::string message() const;  // "smtp.connect: connection refused"
  friend bool operator==(const error& a, const error& b) noexcept { return a.code == b.code; }
};

// Found by boost::system::result::value(); only start-up code and tests may call value().
[[noreturn]] void throw_exception_from_error(const error& failure, const boost::source_location& where);

}  // namespace stellwerk

template <>
struct boost::system::is_error_code_enum<stellwerk::errc> : std::true_type {};
