// One epoll loop of line-speaking sockets, for the load tools: as little work per message as can be, so that what is
// measured is the gateway. Single-threaded; a fault of the environment ends the process with a sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] void fail(const std::string& what);

// Monotonic nanoseconds; comparable between processes of one machine.
std::int64_t now_nanoseconds();

struct connection {
  int fd = -1;
  std::string in;   // what was read and not yet taken
  std::string out;  // what is not yet written, from `sent` on
  std::size_t sent = 0;
  bool watching_write = false;
  int stage = 0;            // the owner's
  std::int64_t number = 0;  // the owner's
  std::int64_t began = 0;   // the owner's
};

class socket_loop {
 public:
  socket_loop();
  virtual ~socket_loop() = default;
  socket_loop(const socket_loop&) = delete;
  socket_loop& operator=(const socket_loop&) = delete;

  // Returns after stop(). Every `tick_milliseconds` at the latest on_tick() is called.
  void run(int tick_milliseconds);
  void stop() { running_ = false; }

  void listen_on(int port);
  void connect_to(int port);
  // Lines of standard input arrive at on_command.
  void read_commands();

  void write(connection& to, std::string_view text);
  void close(connection& it);

 protected:
  virtual void on_open(connection& it) = 0;
  // New bytes are at the end of it.in; the owner takes what it can use.
  virtual void on_bytes(connection& it) = 0;
  virtual void on_close(connection& it) = 0;
  virtual void on_command(std::string_view line) = 0;
  virtual void on_tick() = 0;

 private:
  void add(int fd);
  void flush(connection& it);
  void read_from(connection& it);
  void read_standard_input();
  void handle(void* who, std::uint32_t events);

  int epoll_ = -1;
  int listener_ = -1;
  bool running_ = true;
  std::string commands_;
};

// --name value pairs of a command line, every name known.
class options {
 public:
  options(int count, char** arguments, std::string_view names);
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise) const;

 private:
  std::string given_;  // "\n" name "=" value ...
};

}  // namespace bench
