// Whether somebody else listens on an address. Listeners share their port (SO_REUSEPORT), so that of a second process
// of the same user would be shared as well, in silence; whoever opens a door asks first.
#pragma once

#include "base/net/stream.hpp"

namespace stellwerk::net {

// An error if the address cannot be bound by one alone. Port 0 is always free.
[[nodiscard]] result<void> check_unused(const endpoint_address& address);

}  // namespace stellwerk::net
