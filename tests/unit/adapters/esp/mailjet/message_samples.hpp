// Attempts for the tests of the Mailjet mapping.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/esp/mapping.hpp"

namespace stellwerk::adapters::esp::mailjet::test {

[[nodiscard]] inline attempt attempt_with(std::string content, std::vector<std::string> recipients) {
  attempt what;
  what.attempt_id = "gw-01J0-1";
  what.destination = "mailjet";
  what.reverse_path = "bounce@example.com";
  for (std::string& address : recipients) {
    mail::envelope_recipient one;
    one.address = std::move(address);
    what.recipients.push_back(std::move(one));
  }
  what.content = std::make_shared<const std::string>(std::move(content));
  return what;
}

// To good@example.com and bad@example.net, Cc copy@example.org.
[[nodiscard]] inline attempt to_three() {
  return attempt_with(
      "From: News <news@example.com>\r\nTo: Good <good@example.com>, bad@example.net\r\nCc: copy@example.org\r\n"
      "Subject: Hello\r\n\r\nHi\r\n",
      {"good@example.com", "bad@example.net", "copy@example.org"});
}

[[nodiscard]] inline attempt to_one() {
  return attempt_with("From: news@example.com\r\nTo: ann@example.com\r\nSubject: Hello\r\n\r\nHi\r\n",
                      {"ann@example.com"});
}

}  // namespace stellwerk::adapters::esp::mailjet::test
