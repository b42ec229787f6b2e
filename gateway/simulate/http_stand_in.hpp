// http_stand_in: the ESP dialects behind one address, each under its name, and `POST /faults`. Its own small HTTP/1.1
// reader instead of the house's server: a stand-in must be able to break off in the middle of an answer.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/awaitable.hpp"
#include "base/net/line_stream.hpp"
#include "base/net/stream.hpp"
#include "gateway/simulate/dialect.hpp"
#include "gateway/simulate/smtp_stand_in.hpp"

namespace stellwerk::simulate {

using dialect_list = std::vector<std::unique_ptr<dialect>>;

// The doors that a fault rule may name: the SMTP one and each dialect's.
[[nodiscard]] std::vector<std::string_view> doors_of(const dialect_list& dialects);

class http_conversation {
 public:
  http_conversation(std::unique_ptr<net::stream> connection, stand_in_services& services, dialect_list& dialects);
  [[nodiscard]] async::awaitable<void> run();

 private:
  enum class next : std::uint8_t { go_on, end };
  [[nodiscard]] async::awaitable<bool> read_request(net::http_request& request);
  [[nodiscard]] async::awaitable<bool> read_body(net::http_request& request, std::size_t length);
  [[nodiscard]] async::awaitable<next> respond(net::http_request request);
  [[nodiscard]] async::awaitable<next> answer_dialect(dialect& vendor, net::http_request request, std::string path);
  [[nodiscard]] async::awaitable<next> suffer_connect(const dialect& vendor);
  [[nodiscard]] async::awaitable<next> feign(dialect& vendor, dialect_answer answer, fault_action how);
  [[nodiscard]] async::awaitable<next> break_off(fault_rule fault);
  [[nodiscard]] async::awaitable<next> send(net::http_response response);
  [[nodiscard]] net::http_response set_faults(const std::string& body);

  std::unique_ptr<net::stream> stream_;
  stand_in_services& services_;
  dialect_list& dialects_;
  net::line_stream lines_;
};

}  // namespace stellwerk::simulate
