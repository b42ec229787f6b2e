// preflight: would this recipient ever be sent anywhere? Asked once, at the door, with ideal live state.
//
// The answer is the same for every moment: a route whose condition depends on the moment may match or not, so it can
// only speak for a message, never against it.
#pragma once

#include "policy/compiled_policy.hpp"

namespace stellwerk::policy {

[[nodiscard]] preflight_verdict preflight(const policy::impl& rules, const facts& about);

}  // namespace stellwerk::policy
