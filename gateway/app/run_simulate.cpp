#include <signal.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include <boost/asio/signal_set.hpp>

#include "base/async/blocking_pool.hpp"
#include "base/net/resolver.hpp"
#include "base/net/tcp_connector.hpp"
#include "gateway/app/gateway.hpp"
#include "gateway/app/serve.hpp"
#include "gateway/simulate/simulate.hpp"

namespace stellwerk::app {

int simulate(const simulate_arguments& arguments) {
  simulate::simulate_options options{arguments.smtp_address, arguments.http_address, "", arguments.record_path, arguments.raw_directory};
  if (!arguments.faults_file.empty()) {
    std::ifstream in{arguments.faults_file};
    if (!in) {
      std::cerr << "stellwerk: cannot read " << arguments.faults_file << "\n";
      return static_cast<int>(exit_code::configuration);
    }
    options.faults = std::string{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  }
  signal(SIGPIPE, SIG_IGN);
  async::io_context context{1};
  const system_clock time;
  async::blocking_pool pool{1, 16, "names"};
  net::resolver names{context.get_executor(), pool, time};
  net::tcp_connector network{context.get_executor(), names};
  simulate::simulator parts{context, network, time, std::move(options)};
  const auto fault = parts.start([](const std::string& line) { std::cout << line << std::endl; });
  if (fault) {
    std::cerr << "stellwerk: " << fault->reason << "\n";
    return static_cast<int>(fault->cannot_bind ? exit_code::cannot_bind : exit_code::configuration);
  }
  boost::asio::signal_set signals{context, SIGTERM, SIGINT};
  signals.async_wait([&](const boost::system::error_code&, int) {
    parts.stop();
    context.stop();
  });
  context.run();
  return static_cast<int>(exit_code::ok);
}

}  // namespace stellwerk::app
