#include "gateway/app/serve.hpp"

#include <signal.h>
#include <time.h>

#include <cstdio>
#include <iostream>
#include <variant>

#include "gateway/app/gateway.hpp"

namespace stellwerk::app {
namespace {

constexpr std::chrono::seconds drain_grace{25};
constexpr long tick_ns = 200'000'000;

// Blocked in every thread made from here on, so that only this one takes them.
sigset_t block_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&wanted, number);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return wanted;
}

// The signal that came, or 0 after one tick.
int next_signal(const sigset_t& wanted, long wait_ns) {
  const timespec wait{0, wait_ns};
  const int number = sigtimedwait(&wanted, nullptr, &wait);
  return number > 0 ? number : 0;
}

}  // namespace

int serve(const std::string& config_file) {
  const sigset_t wanted = block_signals();
  auto loaded = config::load_config(config_file, serving_environment());
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&loaded)) {
    for (const config::config_fault& one : *faults) std::cerr << to_string(one, config_file) << "\n";
    return static_cast<int>(exit_code::configuration);
  }
  gateway whole{std::get<config::gateway_config>(std::move(loaded))};
  const auto announce = [](const std::string& line) { std::cout << line << "\n" << std::flush; };
  if (const auto fault = whole.start(announce)) {
    std::cerr << "stellwerk: " << fault->reason << "\n";
    return static_cast<int>(fault->code);
  }
  for (;;) {
    const int number = next_signal(wanted, tick_ns);
    if (number == SIGHUP) whole.reload();
    if (number == SIGTERM || number == SIGINT) break;
    whole.tick();
  }
  whole.drain(drain_grace, [&wanted] {
    const int number = next_signal(wanted, 20'000'000);
    return number == SIGTERM || number == SIGINT;
  });
  return static_cast<int>(exit_code::ok);
}

}  // namespace stellwerk::app
