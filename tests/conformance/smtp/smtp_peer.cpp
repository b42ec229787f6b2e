#include "tests/conformance/smtp/smtp_peer.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "base/net/tls.hpp"

namespace stellwerk::test {

struct smtp_peer::state {
  state(async::io_context& context_in, std::unique_ptr<net::stream> stream_in)
      : context{context_in}, stream{std::move(stream_in)} {}
  async::io_context& context;
  std::unique_ptr<net::stream> stream;
  std::string received;
  bool ended = false;
};

smtp_peer::smtp_peer(async::io_context& context, std::unique_ptr<net::stream> stream)
    : state_{std::make_shared<state>(context, std::move(stream))} {
  boost::asio::co_spawn(context, read_all(state_), [](const std::exception_ptr&) {});
}

smtp_peer::~smtp_peer() {
  if (state_) close();
}

async::awaitable<void> smtp_peer::read_all(std::shared_ptr<state> self) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const std::span<char> space{buffer};
    const result<std::size_t> size = co_await self->stream->read_some(space);
    if (!size) break;
    self->received.append(buffer.data(), *size);
  }
  self->ended = true;
}

async::awaitable<void> smtp_peer::write(std::shared_ptr<state> self, std::string octets) {
  co_await self->stream->write_one(octets);
}

void smtp_peer::send(std::string_view octets) {
  boost::asio::co_spawn(state_->context, write(state_, std::string{octets}), [](const std::exception_ptr&) {});
  state_->context.restart();
  state_->context.poll();
}

std::string smtp_peer::reply() {
  std::size_t end = 0;
  const auto complete = [&] {
    end = 0;
    for (;;) {
      const std::size_t line_end = state_->received.find("\r\n", end);
      if (line_end == std::string::npos) return state_->ended;
      const bool last = line_end - end < 4 || state_->received[end + 3] == ' ';
      end = line_end + 2;
      if (last) return true;
    }
  };
  if (!run_until(state_->context, complete, std::chrono::seconds{10})) return "no reply";
  std::string text = state_->received.substr(0, end);
  state_->received.erase(0, end);
  return text;
}

std::string smtp_peer::say(std::string_view command) {
  send(std::string{command} + "\r\n");
  return reply();
}

std::string smtp_peer::greet() {
  const std::string greeting = reply();
  return greeting.starts_with("220 ") ? say("EHLO client.example") : greeting;
}

std::string smtp_peer::send_message(std::string_view from, const std::vector<std::string>& to,
                                    std::string_view content) {
  std::string answer = say("MAIL FROM:<" + std::string{from} + ">");
  if (!answer.starts_with("250 ")) return answer;
  for (const std::string& one : to) {
    answer = say("RCPT TO:<" + one + ">");
    if (!answer.starts_with("250 ")) return answer;
  }
  answer = say("DATA");
  if (!answer.starts_with("354 ")) return answer;
  send(std::string{content} + ".\r\n");
  return reply();
}

// The pending read would take what belongs to the handshake: it is ended first.
void smtp_peer::start_tls() {
  static const auto client_context = *net::make_client_tls({});
  state_->stream->expires_at(steady_point{});
  static_cast<void>(run_until(state_->context, [this] { return state_->ended; }));
  state_->stream->expires_at(steady_point::max());
  state_->ended = false;
  const auto secured = run_for_test(state_->context, state_->stream->handshake_client(*client_context, "localhost"));
  if (!secured) throw std::runtime_error{secured.error().message()};
  boost::asio::co_spawn(state_->context, read_all(state_), [](const std::exception_ptr&) {});
}

void smtp_peer::close() { state_->stream->close(); }

bool smtp_peer::closed() {
  const auto over = [&] { return state_->ended; };
  return run_until(state_->context, over, std::chrono::seconds{5}) && state_->received.empty();
}

std::string smtp_peer::rest() {
  state_->context.restart();
  state_->context.poll();
  return std::exchange(state_->received, {});
}

}  // namespace stellwerk::test
