// A message made because of several recipients of another one, of whom a merge may store fewer.
#pragma once

#include <vector>

#include "gateway/spool/spool.hpp"

namespace stellwerk::spool {

// Leaves `made` (one of accept_request::made) about those whose position is stored now. False: about none of them, so
// it is not stored.
[[nodiscard]] bool narrow(accept_request& made, const std::vector<bool>& is_stored);

}  // namespace stellwerk::spool
