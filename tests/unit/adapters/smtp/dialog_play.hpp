// Plays a client dialog against written-down replies, without I/O.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/attempt.hpp"
#include "adapters/smtp/opening_dialog.hpp"
#include "adapters/smtp/transaction_dialog.hpp"
#include "mail/reply.hpp"

namespace stellwerk::adapters::smtp::test {

// "550-5.1.1 first\n550 5.1.1 last"; REQUIRES a well-formed reply.
[[nodiscard]] mail::reply reply_of(std::string_view text);

// All that was written, each write on its own: "MAIL ...\r\n", "<content>", "<tls>".
struct played {
  std::vector<std::string> writes;
  std::size_t replies_used = 0;
};

// After the last reply the connection is lost.
[[nodiscard]] played play(transaction_dialog& dialog, const std::vector<std::string>& replies);
[[nodiscard]] played play(opening_dialog& dialog, const std::vector<std::string>& replies);

// From a@ours.example to one@b.example and two@b.example, "Subject: t", two lines.
[[nodiscard]] attempt an_attempt(std::vector<std::string> recipients = {"one@b.example", "two@b.example"});

}  // namespace stellwerk::adapters::smtp::test
