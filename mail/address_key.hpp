// The one spelling of an address under which lists compare it: letter case of the local part does not count, nor quotes
// that are not needed; dots and "+" tags do. The domain is a lower-case A-label already. Thread rule: pure.
#pragma once

#include <string>
#include <string_view>

namespace stellwerk::mail {

// REQUIRES local@domain as the address parsers write it; of anything else the ASCII letters are made lower-case.
[[nodiscard]] std::string address_key(std::string_view address);

}  // namespace stellwerk::mail
