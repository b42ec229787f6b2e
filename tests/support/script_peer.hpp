// The far end of a dialogue, written down as steps: what it expects to read and what it says.
//
//   script_peer peer{std::move(far_end)};
//   peer.send("220 mx\r\n").line_starting("EHLO ").send("250 mx\r\n").data().send("250 2.0.0
//   taken\r\n").expect_close();
//   ... run it beside the code under test ...
//   EXPECT_EQ(peer.failure(), "");
//
// The first step that is not met ends the script: `failure` says which, what was expected and what came, and the
// connection is closed so that the other side does not wait. Thread-bound.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/net/stream.hpp"
#include "tests/support/timers.hpp"

namespace stellwerk::test {

class script_peer {
 public:
  explicit script_peer(std::unique_ptr<net::stream> stream) : stream_{std::move(stream)} {}

  script_peer& line(std::string text);             // exactly, without CRLF
  script_peer& line_starting(std::string prefix);  // case matters
  script_peer& any_line();
  script_peer& bytes(std::string exactly);
  script_peer& data();                         // up to and with the first CRLF.CRLF; kept in last_data()
  script_peer& until(std::string terminator);  // the same with another end
  script_peer& send(std::string text);
  script_peer& handshake_server(const net::tls_context& context);
  script_peer& close();
  script_peer& stall();         // reads and says nothing until the other side closes
  script_peer& expect_close();  // nothing more may come but the end
  script_peer& then(std::function<void()> action);
  script_peer& pause(timers& time, duration length);

  // Runs the steps, then leaves the connection open until the peer is destroyed.
  [[nodiscard]] async::awaitable<void> run();

  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] bool finished() const { return finished_; }
  [[nodiscard]] const std::string& last_data() const { return data_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }  // every line read
  [[nodiscard]] net::stream& stream() { return *stream_; }

 private:
  enum class kind {
    line,
    line_starting,
    any_line,
    bytes,
    until,
    send,
    handshake,
    close,
    stall,
    expect_close,
    then,
    pause
  };
  struct step {
    kind what;
    std::string text;
    const net::tls_context* context = nullptr;
    std::function<void()> action;
    timers* time = nullptr;
    duration length{0};
  };

  script_peer& add(kind what, std::string text = {});
  [[nodiscard]] async::awaitable<bool> perform(const step& next);
  [[nodiscard]] async::awaitable<bool> perform_line(const step& next);
  [[nodiscard]] async::awaitable<bool> perform_until(const step& next);
  [[nodiscard]] async::awaitable<bool> wait_for_close(bool silent);
  [[nodiscard]] async::awaitable<bool> read_until(std::string terminator);  // the bytes are then the start of held_
  [[nodiscard]] async::awaitable<bool> read_more();
  bool fail(const std::string& expected, const std::string& got);

  std::unique_ptr<net::stream> stream_;
  std::vector<step> steps_;
  std::size_t current_ = 0;
  std::string held_;
  std::string data_;
  std::vector<std::string> lines_;
  std::string failure_;
  bool finished_ = false;
};

}  // namespace stellwerk::test
