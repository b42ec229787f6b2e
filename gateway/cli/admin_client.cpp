#include "gateway/cli/admin_client.hpp"

#include <iostream>

#include "base/async/blocking_pool.hpp"
#include "base/async/task_group.hpp"
#include "base/file.hpp"
#include "base/net/host_port.hpp"
#include "base/net/http_client.hpp"
#include "base/net/resolver.hpp"
#include "base/net/tcp_connector.hpp"
#include "base/text.hpp"

namespace stellwerk::cli {
namespace {

constexpr duration call_timeout{std::chrono::seconds{30}};

async::awaitable<void> exchange(net::http_client& client, net::http_request request, steady_point deadline,
                                net::http_exchange& out) {
  out = co_await client.send(std::move(request), deadline);
}

std::optional<std::string> read_token(const std::string& path) {
  if (path.empty()) return std::string{};
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  return std::string{trim(*text)};
}

}  // namespace

std::optional<std::string> call_admin(const admin_arguments& admin, const std::string& method,
                                      const std::string& body) {
  const auto address = net::parse_host_port(admin.address);
  const auto token = read_token(admin.token_file);
  if (!address || !token) {
    std::cerr << "stellwerk: "
              << (address ? "cannot read " + admin.token_file : admin.address + " is no address with a port") << "\n";
    return std::nullopt;
  }
  const system_clock time;
  async::io_context context{1};
  async::blocking_pool pool{1, 4, "names"};
  net::resolver names{context.get_executor(), pool, time};
  net::tcp_connector network{context.get_executor(), names};
  net::http_client_config config;
  config.host = address->host;
  config.port = address->port;
  config.body_bytes_max = 64U << 20;
  const auto client = net::make_http_client(context.get_executor(), network, time, config);
  net::http_request request;
  request.method = "POST";
  request.target = "/stellwerk.v1." + method;
  request.fields.push_back({"Content-Type", "application/json"});
  if (!token->empty()) request.fields.push_back({"Authorization", "Bearer " + *token});
  request.body = body;
  net::http_exchange answer;
  async::task_group tasks{context.get_executor(),
                          [](std::string_view, std::string_view what) { std::cerr << what << "\n"; }};
  tasks.spawn("call", exchange(*client, std::move(request), time.steady() + call_timeout, answer));
  while (tasks.size() > 0 && context.run_one() > 0) {
  }
  if (answer.stage != net::http_stage::answered) {
    std::cerr << "stellwerk: " << admin.address << ": " << answer.failure.message() << "\n";
    return std::nullopt;
  }
  if (answer.response.status != 200) {
    std::cerr << "stellwerk: " << method << ": " << answer.response.body << "\n";
    return std::nullopt;
  }
  return answer.response.body;
}

}  // namespace stellwerk::cli
