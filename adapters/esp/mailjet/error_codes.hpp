// The error codes of Send API v3.1 and what each means for a recipient.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mail/attempt_outcome.hpp"

namespace stellwerk::adapters::esp::mailjet {

struct send_error {
  std::string code;  // "mj-0013"; empty if none was given
  int status = 0;
  std::string message;
  std::string identifier;               // what the vendor's support asks for
  std::vector<std::string> related_to;  // "To[0].Email"
};

struct error_meaning {
  mail::attempt_outcome outcome;
  std::string_view refused_point;
  std::string_view enhanced_status;
};

// A code that is not known is judged by its status; an unclassified 4xx is `adapter_fault`.
[[nodiscard]] error_meaning meaning_of(const send_error& error);

}  // namespace stellwerk::adapters::esp::mailjet
