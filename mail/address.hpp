// A mailbox address of RFC 5321 (and RFC 6531): local part as received, domain as lower-case A-label.
//
// Refuses to guess: address literals, ports, source-routed leftovers, several addresses in one and domains that are not
// host names are faults. The local part is opaque; only the domain is ever used to route. Thread rule: values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/result.hpp"

namespace stellwerk::mail {

// RFC 5321 section 4.5.3.1; a path counts its angle brackets.
inline constexpr std::size_t local_part_octets_max = 64;
inline constexpr std::size_t domain_octets_max = 255;
inline constexpr std::size_t path_octets_max = 256;

struct address {
  std::string local;   // byte for byte, a quoted local part with its quotes
  std::string domain;  // lower-case A-label: one domain has one spelling

  [[nodiscard]] std::string to_string() const;  // local@domain; "" for an empty address
  [[nodiscard]] bool empty() const { return local.empty() && domain.empty(); }
  friend auto operator<=>(const address&, const address&) = default;
};

// Why a text is no address; the code of the error that the parsers return.
enum class address_fault : std::uint8_t {
  none = 0,
  too_long,        // 501 5.1.3
  bad_syntax,      // 501 5.1.3
  bad_domain,      // 501 5.1.2: literal, port, `..`, `_`, 64-octet label, numeric or empty label ...
  needs_smtputf8,  // 553 5.6.7: not ASCII, and SMTPUTF8 was not offered
};
[[nodiscard]] std::string_view to_string(address_fault fault);
[[nodiscard]] boost::system::error_code make_error_code(address_fault fault) noexcept;
// The fault inside an error of the parsers below; none for an error of another origin.
[[nodiscard]] address_fault fault_of(const error& failure) noexcept;

enum class utf8_rule : std::uint8_t { refused, allowed };

// local@domain and nothing around it. UTF-8 is allowed in both parts; see needs_smtputf8().
[[nodiscard]] result<address> parse_address(std::string_view text);

// What stands inside the angle brackets of MAIL and RCPT; a source route is stripped (RFC 5321 appendix C). The null
// reverse path is the caller's business: an empty text is bad syntax here.
[[nodiscard]] result<address> parse_path(std::string_view inside_brackets, utf8_rule utf8);

// Lower-case A-label of a domain given as A-label or U-label (RFC 5890, UTS 46 non-transitional).
[[nodiscard]] result<std::string> normalise_domain(std::string_view text);

// Only the local part can need the extension: the domain is always ASCII.
[[nodiscard]] bool needs_smtputf8(const address& subject);

}  // namespace stellwerk::mail

template <>
struct boost::system::is_error_code_enum<stellwerk::mail::address_fault> : std::true_type {};
