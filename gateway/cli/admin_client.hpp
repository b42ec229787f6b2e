// A small blocking HTTP client for the admin address of a running gateway.
#pragma once

#include <optional>
#include <string>

#include "gateway/cli/command.hpp"

namespace stellwerk::cli {

// POST /stellwerk.v1.<method> with a JSON body; the JSON answer, or nullopt after the fault went to standard error.
[[nodiscard]] std::optional<std::string> call_admin(const admin_arguments& admin, const std::string& method,
                                                    const std::string& body);

}  // namespace stellwerk::cli
