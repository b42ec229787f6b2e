// mta_sink: an MTA as the gateway meets it, with the faults that MTAs have at every stage of the conversation. It knows
// what it took, whether or not the gateway learns it.
//
// Its framing is its own, not the house's: what is wrong with ours must not be wrong here in the same way.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/net/line_stream.hpp"
#include "tests/simulation/outer_world.hpp"

namespace stellwerk::simulation {

struct mta_traits {
  std::string name;
  bool home_zone = false;
  bool pipelining = true;
};

class mta_sink {
 public:
  mta_sink(outer_world& world, mta_traits traits, std::uint64_t seed)
      : world_{world}, traits_{std::move(traits)}, dice_{seed, traits_.name} {}

  void serve(std::unique_ptr<test::memory_stream> connection);
  void set_trouble(std::uint64_t percent) { trouble_ = percent; }  // how often a stage goes wrong
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  using candidates = std::vector<std::pair<pair_key, std::string>>;  // pairs and attempts a recipient may belong to
  struct conversation {
    explicit conversation(links::link connection) : link{std::move(connection)}, lines{link.stream()} {}
    links::link link;
    net::line_stream lines;
    bool in_mail = false;
    std::string reverse_path;
    std::vector<std::pair<std::string, candidates>> recipients;
  };
  enum class next : std::uint8_t { go_on, end };

  [[nodiscard]] async::awaitable<void> converse(std::unique_ptr<conversation> with);
  [[nodiscard]] async::awaitable<next> greet(conversation& with);
  [[nodiscard]] async::awaitable<next> command(conversation& with, std::string line);
  [[nodiscard]] async::awaitable<next> mail(conversation& with, std::string reverse_path);
  [[nodiscard]] async::awaitable<next> rcpt(conversation& with, std::string address);
  [[nodiscard]] async::awaitable<next> data(conversation& with);
  [[nodiscard]] async::awaitable<next> dot(conversation& with, std::string content);
  [[nodiscard]] async::awaitable<next> take_and_hide(conversation& with, const std::string& content);
  [[nodiscard]] async::awaitable<next> say(conversation& with, std::string text);
  [[nodiscard]] bool trouble() { return trouble_ > 0 && dice_.percent(trouble_); }
  void take(conversation& with, const std::string& content);
  void refuse_all(conversation& with);

  outer_world& world_;
  mta_traits traits_;
  chance dice_;
  std::uint64_t trouble_ = 0;
  std::uint64_t taken_ = 0;
};

}  // namespace stellwerk::simulation
