// `stellwerk send`: one message to an SMTP door, as a legacy application would. For trying things by hand.
#include <iostream>

#include "base/async/blocking_pool.hpp"
#include "base/async/task_group.hpp"
#include "base/file.hpp"
#include "base/net/host_port.hpp"
#include "base/net/line_stream.hpp"
#include "base/net/resolver.hpp"
#include "base/net/tcp_connector.hpp"
#include "gateway/cli/command.hpp"
#include "mail/dot_stuffing.hpp"

namespace stellwerk::cli {
namespace {

constexpr duration conversation_timeout{std::chrono::minutes{2}};
constexpr std::size_t line_max = 2048;

struct letter {
  std::string from;
  std::vector<std::string> to;
  std::string content;
};

// Sends one command (if any) and reads its reply; false if the reply does not begin with `expected`.
async::awaitable<bool> exchange(net::stream& peer, net::line_stream& lines, std::string command, char expected,
                                std::string& said) {
  if (!command.empty()) {
    command += "\r\n";
    const auto sent = co_await peer.write_one(command);
    if (!sent) {
      said = sent.error().message();
      co_return false;
    }
  }
  for (;;) {
    const auto line = co_await lines.read_line(line_max);
    if (!line) {
      said = line.error().message();
      co_return false;
    }
    said = std::string{*line};
    if (said.size() < 4 || said[3] != '-') break;
  }
  co_return !said.empty() && said[0] == expected;
}

async::awaitable<void> converse(net::connector& network, net::host_port server, letter what, steady_point deadline,
                                std::string& said, bool& sent) {
  net::connect_options options;
  options.deadline = deadline;
  auto connected = co_await network.connect(server.host, server.port, options);
  if (!connected) {
    said = connected.error().message();
    co_return;
  }
  net::stream& peer = **connected;
  peer.expires_at(deadline);
  net::line_stream lines{peer};
  std::vector<std::pair<std::string, char>> steps{
      {"", '2'}, {"EHLO stellwerk-send", '2'}, {"MAIL FROM:<" + what.from + ">", '2'}};
  for (const std::string& recipient : what.to) steps.emplace_back("RCPT TO:<" + recipient + ">", '2');
  steps.emplace_back("DATA", '3');
  for (auto& [command, expected] : steps) {
    if (!co_await exchange(peer, lines, command, expected, said)) co_return;
  }
  std::string content;
  mail::append_stuffed(content, what.content);
  content.resize(content.size() - 2);  // the exchange adds the last line break itself
  sent = co_await exchange(peer, lines, std::move(content), '2', said);
}

}  // namespace

int send(const send_arguments& arguments) {
  const auto server = net::parse_host_port(arguments.server);
  if (!server) {
    std::cerr << "stellwerk: " << arguments.server << " is no address with a port\n";
    return 2;
  }
  letter what{arguments.from, arguments.to, ""};
  const auto text = read_file(arguments.message);
  if (!text) {
    std::cerr << "stellwerk: cannot read " << arguments.message << "\n";
    return 1;
  }
  what.content = *text;
  std::string crlf;
  for (std::size_t i = 0; i < what.content.size(); ++i) {
    if (what.content[i] == '\n' && (i == 0 || what.content[i - 1] != '\r')) crlf += '\r';
    crlf += what.content[i];
  }
  what.content = std::move(crlf);
  const system_clock time;
  async::io_context context{1};
  async::blocking_pool pool{1, 4, "names"};
  net::resolver names{context.get_executor(), pool, time};
  net::tcp_connector network{context.get_executor(), names};
  std::string said;
  bool sent = false;
  async::task_group tasks{context.get_executor(),
                          [](std::string_view, std::string_view failure) { std::cerr << failure << "\n"; }};
  tasks.spawn("send", converse(network, *server, std::move(what), time.steady() + conversation_timeout, said, sent));
  while (tasks.size() > 0 && context.run_one() > 0) {
  }
  (sent ? std::cout : std::cerr) << said << "\n";
  return sent ? 0 : 1;
}

}  // namespace stellwerk::cli
