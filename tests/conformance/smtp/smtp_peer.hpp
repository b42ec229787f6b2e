// The client's end of one SMTP connection, in memory or over a socket, driven line by line from the test's own thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/net/stream.hpp"
#include "tests/support/run_for_test.hpp"

namespace stellwerk::test {

class smtp_peer {
 public:
  smtp_peer(async::io_context& context, std::unique_ptr<net::stream> stream);
  ~smtp_peer();
  smtp_peer(smtp_peer&&) = default;

  void send(std::string_view octets);
  // The next whole reply with its line ends, "" when the connection ended before one.
  [[nodiscard]] std::string reply();
  std::string say(std::string_view command);  // with CRLF; returns the reply
  // 220 and EHLO; returns the reply to EHLO.
  std::string greet();
  // MAIL, RCPT, DATA, content and the end; returns the reply to the content, or the first that is not positive.
  std::string send_message(std::string_view from, const std::vector<std::string>& to, std::string_view content);
  void start_tls();  // the handshake only
  void close();
  [[nodiscard]] bool closed();       // by the server, nothing left to read
  [[nodiscard]] std::string rest();  // what has come and was not read

 private:
  struct state;
  static async::awaitable<void> read_all(std::shared_ptr<state> self);
  static async::awaitable<void> write(std::shared_ptr<state> self, std::string octets);
  std::shared_ptr<state> state_;
};

}  // namespace stellwerk::test
