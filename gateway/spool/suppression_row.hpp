// A suppression: who must not be mailed, in which streams, for which tenant, and why. One row for each (tenant,
// address, scope). Thread rule: values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace stellwerk::spool {

enum class suppression_scope : std::uint8_t { all, transactional, marketing };
inline constexpr std::array all_suppression_scopes{suppression_scope::all, suppression_scope::transactional,
                                                   suppression_scope::marketing};
[[nodiscard]] std::string_view to_string(suppression_scope scope);
[[nodiscard]] std::optional<suppression_scope> parse_suppression_scope(std::string_view word);

enum class suppression_reason : std::uint8_t {
  manual,       // somebody says so
  hard_bounce,  // the address does not exist
  complaint,    // its owner called the mail spam
  unsubscribe,  // its owner wants no more of it
};
inline constexpr std::array all_suppression_reasons{suppression_reason::manual, suppression_reason::hard_bounce,
                                                    suppression_reason::complaint, suppression_reason::unsubscribe};
[[nodiscard]] std::string_view to_string(suppression_reason reason);
[[nodiscard]] std::optional<suppression_reason> parse_suppression_reason(std::string_view word);

struct suppression_row {
  std::string tenant;   // empty: for all tenants
  std::string address;  // mail::address_key
  suppression_scope scope = suppression_scope::all;
  suppression_reason reason = suppression_reason::manual;
  std::string source;  // where it comes from: "operator", a system, a file
  std::string note;    // for people
  time_point created{};
  std::optional<time_point> expires;  // none: until it is removed
  friend bool operator==(const suppression_row&, const suppression_row&) = default;
};

struct suppression_change {
  suppression_row row;
  bool is_removal = false;
};

struct suppression_filter {
  std::string tenant;   // empty: every row
  std::string address;  // empty: every row; else mail::address_key
  std::string after;    // key of the last row of the page before
  std::size_t limit = 100;
};

// tenant, LF, address, LF, the scope as a digit: its order is that of lists.
[[nodiscard]] std::string suppression_key(std::string_view tenant, std::string_view address, suppression_scope scope);
[[nodiscard]] inline std::string suppression_key(const suppression_row& row) {
  return suppression_key(row.tenant, row.address, row.scope);
}
// A row with nothing but what its key says.
[[nodiscard]] std::optional<suppression_row> parse_suppression_key(std::string_view key);

}  // namespace stellwerk::spool
