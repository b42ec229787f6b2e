#include "tests/bench/tools/socket_loop.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Marks in epoll's data what is no connection.
char listener_mark;
char input_mark;

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::int64_t now_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

socket_loop::socket_loop() : epoll_{epoll_create1(0)} {
  if (epoll_ < 0) fail("epoll");
  std::signal(SIGPIPE, SIG_IGN);
}

void socket_loop::listen_on(int port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int one = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const sockaddr_in address = loopback(port);
  if (listener_ < 0 || bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 4096) != 0)
    fail("listen on " + std::to_string(port));
  epoll_event event{EPOLLIN, {.ptr = &listener_mark}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
}

void socket_loop::connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("connect to " + std::to_string(port));
  fcntl(fd, F_SETFL, O_NONBLOCK);
  add(fd);
}

void socket_loop::read_commands() {
  epoll_event event{EPOLLIN, {.ptr = &input_mark}};
  // A file or /dev/null cannot be watched and gives no commands.
  epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &event);
}

void socket_loop::add(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  auto* it = new connection;  // deleted by close
  it->fd = fd;
  epoll_event event{EPOLLIN, {.ptr = it}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  on_open(*it);
}

void socket_loop::write(connection& to, std::string_view text) {
  if (to.fd < 0) return;
  to.out.append(text);
  flush(to);
}

void socket_loop::flush(connection& it) {
  while (it.sent < it.out.size()) {
    const ssize_t written = send(it.fd, it.out.data() + it.sent, it.out.size() - it.sent, MSG_NOSIGNAL);
    if (written < 0) break;  // full for now; or gone, which reading tells
    it.sent += static_cast<std::size_t>(written);
  }
  const bool rest = it.sent < it.out.size();
  if (!rest) {
    it.out.clear();
    it.sent = 0;
  }
  if (rest == it.watching_write) return;
  it.watching_write = rest;
  epoll_event event{rest ? EPOLLIN | EPOLLOUT : EPOLLIN, {.ptr = &it}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, it.fd, &event);
}

void socket_loop::close(connection& it) {
  if (it.fd < 0) return;
  ::close(it.fd);
  it.fd = -1;
}

void socket_loop::read_from(connection& it) {
  std::array<char, 65536> buffer;
  const ssize_t got = recv(it.fd, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return close(it);
  it.in.append(buffer.data(), static_cast<std::size_t>(got));
  on_bytes(it);
}

void socket_loop::read_standard_input() {
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (got <= 0) return stop();  // who commands us is gone
  commands_.append(buffer.data(), static_cast<std::size_t>(got));
  for (std::size_t end = 0; (end = commands_.find('\n')) != std::string::npos;) {
    on_command(std::string_view{commands_}.substr(0, end));
    commands_.erase(0, end + 1);
  }
}

void socket_loop::handle(void* who, std::uint32_t events) {
  if (who == &listener_mark) {
    for (int fd = 0; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) add(fd);
    return;
  }
  if (who == &input_mark) return read_standard_input();
  auto& it = *static_cast<connection*>(who);
  if ((events & EPOLLOUT) != 0) flush(it);
  if ((events & ~EPOLLOUT) != 0 && it.fd >= 0) read_from(it);
  if (it.fd >= 0) return;
  on_close(it);
  delete &it;
}

void socket_loop::run(int tick_milliseconds) {
  std::array<epoll_event, 256> events;
  std::int64_t next_tick = now_nanoseconds();
  while (running_) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), tick_milliseconds);
    for (int i = 0; i < count; ++i)
      handle(events[static_cast<std::size_t>(i)].data.ptr, events[static_cast<std::size_t>(i)].events);
    if (now_nanoseconds() < next_tick) continue;
    on_tick();
    next_tick = now_nanoseconds() + tick_milliseconds * 1'000'000LL;
  }
}

options::options(int count, char** arguments, std::string_view names) {
  for (int i = 1; i < count; i += 2) {
    const std::string_view name{arguments[i]};
    if (i + 1 == count || !name.starts_with("--") ||
        (" " + std::string{names} + " ").find(" " + std::string{name.substr(2)} + " ") == std::string::npos) {
      std::fprintf(stderr, "%s: takes pairs of --NAME VALUE: %s\n", arguments[0], std::string{names}.c_str());
      std::exit(2);
    }
    given_ += "\n" + std::string{name.substr(2)} + "=" + arguments[i + 1] + "\n";
  }
}

std::string options::text(std::string_view name, std::string_view otherwise) const {
  const std::string key = "\n" + std::string{name} + "=";
  const std::size_t at = given_.find(key);
  if (at == std::string::npos) return std::string{otherwise};
  const std::size_t begin = at + key.size();
  return given_.substr(begin, given_.find('\n', begin) - begin);
}

std::int64_t options::number(std::string_view name, std::int64_t otherwise) const {
  const std::string given = text(name);
  if (given.empty()) return otherwise;
  std::int64_t value = 0;
  const auto read = std::from_chars(given.data(), given.data() + given.size(), value);
  if (read.ec != std::errc{} || read.ptr != given.data() + given.size()) {
    std::fprintf(stderr, "--%s: not a number: %s\n", std::string{name}.c_str(), given.c_str());
    std::exit(2);
  }
  return value;
}

}  // namespace bench
