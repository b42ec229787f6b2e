#include "adapters/esp/mailjet/error_codes.hpp"

#include <algorithm>
#include <array>

#include "adapters/esp/mapping.hpp"

namespace stellwerk::adapters::esp::mailjet {
namespace {

using mail::attempt_outcome;

struct code_row {
  std::string_view code;
  error_meaning meaning;
};

constexpr error_meaning our_fault{attempt_outcome::adapter_fault, "", ""};
constexpr error_meaning sender{attempt_outcome::refused_sender, "", "5.7.1"};
constexpr error_meaning whose_account{attempt_outcome::refused_account, "", "5.7.8"};

constexpr std::array code_rows{
    code_row{"send-0003", our_fault},  // no text, HTML or template: we always send one
    code_row{"send-0004", our_fault},  // template fields: we send none
    code_row{"send-0006", sender},     // the key may not set Sender
    code_row{"send-0007", sender},     // Sender not validated
    code_row{"send-0008", sender},     // From not validated
    code_row{"send-0010", our_fault},
    code_row{"send-0011", our_fault},  // a header field that should have been left out
    code_row{"send-0012", our_fault},
    code_row{"send-0013", our_fault},
    code_row{"send-0015", our_fault},  // too many recipients in one call
    code_row{"send-0016", our_fault},
    code_row{"mj-0001", whose_account},  // key suspended
    code_row{"mj-0002", our_fault},      // malformed JSON
    code_row{"mj-0003", our_fault},
    code_row{"mj-0004", our_fault},
    code_row{"mj-0005", our_fault},
    code_row{"mj-0006", {attempt_outcome::rejected_message, "", "5.6.0"}},  // too many characters in the subject
    code_row{"mj-0007", our_fault},
    code_row{"mj-0008", our_fault},
    code_row{"mj-0009", our_fault},
    code_row{"mj-0011", {attempt_outcome::rejected_message, "size", "5.3.4"}},  // payload too large
    code_row{"mj-0012", our_fault},
    code_row{"mj-0013", {attempt_outcome::rejected_recipient, "", "5.1.3"}},  // invalid address
    code_row{"mj-0015", whose_account},                                       // bad credentials
    code_row{"mj-0020", our_fault},
    code_row{"mj-0021", our_fault},
    code_row{"mj-0025", our_fault},
};

bool names_a_sender(const send_error& error) {
  const auto about_sender = [](const std::string& what) {
    return what.starts_with("From") || what.starts_with("Sender");
  };
  return std::ranges::any_of(error.related_to, about_sender) || error.message.find("sender") != std::string::npos;
}

}  // namespace

error_meaning meaning_of(const send_error& error) {
  const auto* known = std::ranges::find(code_rows, std::string_view{error.code}, &code_row::code);
  if (known != code_rows.end()) return known->meaning;
  vendor_answer answer;
  answer.status = error.status;
  const attempt_outcome by_status = classify_status(answer).outcome;
  if (by_status == attempt_outcome::refused_account) return names_a_sender(error) ? sender : whose_account;
  if (by_status == attempt_outcome::rejected_message) return {by_status, "size", "5.3.4"};
  return {by_status, "", ""};
}

}  // namespace stellwerk::adapters::esp::mailjet
