// Addresses and address lists: what was accepted is accepted again in the spelling we write, and means the same.
#include <cstdint>
#include <string_view>

#include "mail/address.hpp"
#include "mail/address_list.hpp"
#include "tests/fuzz/require.hpp"

using namespace stellwerk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto parsed = mail::parse_address(text)) {
    const auto again = mail::parse_address(parsed->to_string());
    fuzz::require(again.has_value() && *again == *parsed, "an address reads back as itself");
    fuzz::require(parsed->local.size() <= mail::local_part_octets_max, "the local part is bounded");
    fuzz::require(parsed->domain.size() <= mail::domain_octets_max, "the domain is bounded");
  }
  if (const auto path = mail::parse_path(text, mail::utf8_rule::refused))
    fuzz::require(!mail::needs_smtputf8(*path), "without the extension nothing needs it");
  std::size_t rejected = 0;
  const auto list = mail::parse_address_list(text, &rejected);
  fuzz::require(list.size() + rejected <= mail::address_list_entries_max + 1, "a list is bounded");
  return 0;
}
