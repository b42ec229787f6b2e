#include <signal.h>

#include <iostream>
#include <thread>

#include <boost/asio/post.hpp>

#include "base/async/blocking_pool.hpp"
#include "base/file.hpp"
#include "base/net/resolver.hpp"
#include "base/net/tcp_connector.hpp"
#include "gateway/app/gateway.hpp"
#include "gateway/app/serve.hpp"
#include "gateway/simulate/simulate.hpp"

namespace stellwerk::app {

int simulate(const simulate_arguments& arguments) {
  simulate::simulate_options options{arguments.smtp_address, arguments.http_address, "", arguments.record_path,
                                     arguments.raw_directory};
  if (!arguments.faults_file.empty()) {
    const auto text = read_file(arguments.faults_file);
    if (!text) {
      std::cerr << "stellwerk: cannot read " << arguments.faults_file << "\n";
      return static_cast<int>(exit_code::configuration);
    }
    options.faults = *text;
  }
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&wanted, number);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);  // before any thread is made
  signal(SIGPIPE, SIG_IGN);
  async::io_context context{1};
  const system_clock time;
  async::blocking_pool pool{1, 16, "names"};
  net::resolver names{context.get_executor(), pool, time};
  net::tcp_connector network{context.get_executor(), names};
  simulate::simulator parts{context, network, time, std::move(options)};
  const auto fault = parts.start([](const std::string& line) { std::cout << line << "\n" << std::flush; });
  if (fault) {
    std::cerr << "stellwerk: " << fault->reason << "\n";
    return static_cast<int>(fault->cannot_bind ? exit_code::cannot_bind : exit_code::configuration);
  }
  std::thread loop{[&context] { context.run(); }};
  int number = 0;
  sigwait(&wanted, &number);
  boost::asio::post(context, [&] {
    parts.stop();
    context.stop();
  });
  loop.join();
  return static_cast<int>(exit_code::ok);
}

}  // namespace stellwerk::app
