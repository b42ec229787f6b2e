// The control fields of a message as the doors read them, for whoever asks what would become of it.
#pragma once

#include <optional>
#include <string>

#include "gateway/ingress/ingress_config.hpp"
#include "mail/header_section.hpp"
#include "mail/submission.hpp"

namespace stellwerk::app {

// What the doors would refuse the message for.
[[nodiscard]] std::optional<std::string> read_controls(const mail::header_section& header,
                                                       const ingress::client_config& client, time_point now,
                                                       mail::submission& into);

}  // namespace stellwerk::app
