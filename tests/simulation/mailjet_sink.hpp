// mailjet_sink: the vendor as the gateway meets it: the stand-in's dialect of Send API v3.1 and its look-up behind HTTP
// that fails in every way, before and after the vendor has stored the message.
#pragma once

#include <memory>
#include <string>

#include "base/net/http.hpp"
#include "base/net/line_stream.hpp"
#include "gateway/simulate/mailjet_dialect.hpp"
#include "tests/simulation/outer_world.hpp"

namespace stellwerk::simulation {

class mailjet_sink {
 public:
  mailjet_sink(outer_world& world, std::string name, std::uint64_t seed)
      : world_{world}, name_{std::move(name)}, dice_{seed, name_} {}

  void serve(std::unique_ptr<test::memory_stream> connection);
  void set_trouble(std::uint64_t percent) { trouble_ = percent; }

 private:
  struct conversation {
    explicit conversation(links::link connection) : link{std::move(connection)}, lines{link.stream()} {}
    links::link link;
    net::line_stream lines;
  };
  enum class next : std::uint8_t { go_on, end };
  // How a request goes wrong, before the vendor has stored anything or after.
  enum class fault : std::uint8_t {
    none,
    reset_unread,
    unavailable,
    throttled,
    unauthorised,
    broken_before,
    bad_address,
    broken_after,
    reset_after,
    cut_answer,
    silence,
    slow,
  };

  [[nodiscard]] async::awaitable<void> converse(std::unique_ptr<conversation> with);
  [[nodiscard]] async::awaitable<bool> read_request(conversation& with, net::http_request& into);
  [[nodiscard]] async::awaitable<next> respond(conversation& with, net::http_request request);
  [[nodiscard]] async::awaitable<next> answer_late(conversation& with, fault what, net::http_response response);
  [[nodiscard]] async::awaitable<next> send(conversation& with, int status, std::string body, std::string field);
  [[nodiscard]] fault throw_fault();
  void take(const std::vector<simulate::record>& records);

  outer_world& world_;
  std::string name_;
  chance dice_;
  simulate::mailjet_dialect dialect_;
  std::uint64_t trouble_ = 0;
};

}  // namespace stellwerk::simulation
