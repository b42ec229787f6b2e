// What clients send: small and large, personal and not, with keys and without, and now and then an attack.
#include "tests/simulation/clients.hpp"
#include "tests/simulation/house_rules.hpp"

namespace stellwerk::simulation {
namespace {

std::string draw_body(const std::string& token, chance& dice) {
  std::string body = "first line of " + token + "\r\n.\r\n..two dots\r\n.leading dot\r\n";
  const std::uint64_t size = dice.one_in(3) ? dice.between(700, 9'000) : dice.between(0, 200);
  while (body.size() < size) body += "text that fills " + token + " line by line\r\n";
  return body + "last line of " + token + "\r\n";
}

}  // namespace

letter write_letter(int number, chance& dice) {
  static constexpr const char* domains[] = {"example.org", "example.net", "gmail.com"};
  const std::string token = "m" + std::to_string(number);
  letter made;
  made.what.token = token;
  if (!dice.one_in(8)) made.what.reverse_path = "s." + token + "@" + sender_domain;
  made.what.personal = dice.one_in(5);
  made.what.body = draw_body(token, dice);
  const std::uint64_t recipients = dice.one_in(2) ? 1 : dice.between(2, 4);
  std::string to;
  for (std::uint64_t i = 0; i < recipients; ++i) {
    made.recipients.push_back("u" + std::to_string(i) + "." + token + "@" + domains[dice.between(0, 2)]);
    to += (i == 0 ? "" : ", ") + made.recipients.back();
  }
  const bool news = dice.one_in(3);
  if (dice.one_in(2)) made.key = "key-" + token;
  made.content = "From: Shop <shop@" + std::string{sender_domain} + ">\r\nTo: " + to + "\r\nSubject: Hello " + token +
                 "\r\nDate: Fri, 10 Nov 2023 10:00:00 +0000\r\nMessage-ID: <" + token +
                 "@client.example>\r\nX-Sim-Token: " + token + "\r\n";
  if (made.what.personal) made.content += "X-Stellwerk-Tags: personal\r\n";
  made.content += std::string{"X-Stellwerk-Stream: "} + (news ? "marketing" : "transactional") + "\r\n";
  if (!made.key.empty()) made.content += "X-Stellwerk-Idempotency-Key: " + made.key + "\r\n";
  made.content += "\r\n" + made.what.body;
  if (dice.one_in(12)) {
    made.smuggles = true;
    made.content += "an innocent line\n.\nMAIL FROM:<a@b.example>\r\nRCPT TO:<victim." + token +
                    "@example.org>\r\nDATA\r\nX-Sim-Token: stolen\r\n\r\nsmuggled\r\n";
  }
  return made;
}

}  // namespace stellwerk::simulation
