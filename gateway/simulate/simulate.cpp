#include "gateway/simulate/simulate.hpp"

#include <tuple>
#include <utility>

#include "base/async/task_group.hpp"
#include "base/net/host_port.hpp"
#include "base/net/listener.hpp"
#include "base/random.hpp"
#include "gateway/simulate/http_stand_in.hpp"
#include "gateway/simulate/mailjet_dialect.hpp"
#include "gateway/simulate/smtp_stand_in.hpp"

namespace stellwerk::simulate {

struct simulator::parts {
  parts(async::io_context& context_in, net::connector& network, const clock& time, simulate_options options_in)
      : context{context_in},
        options{std::move(options_in)},
        random{secure_seed()},
        faults{time, random},
        records{options.record_path, options.raw_directory, time},
        services{time, faults, records, network},
        tasks{context.get_executor(), [](std::string_view, std::string_view) {}} {
    dialects.push_back(std::make_unique<mailjet_dialect>());
  }

  static async::awaitable<void> talk_smtp(std::unique_ptr<net::stream> connection, stand_in_services& services) {
    smtp_conversation conversation{std::move(connection), services};
    co_await conversation.run();
  }

  static async::awaitable<void> talk_http(std::unique_ptr<net::stream> connection, stand_in_services& services,
                                          dialect_list& dialects) {
    http_conversation conversation{std::move(connection), services, dialects};
    co_await conversation.run();
  }

  std::unique_ptr<net::listener> door(net::listener::connection_handler handler) {
    return std::make_unique<net::listener>(context.get_executor(), std::move(handler), [](const error&) {});
  }

  async::io_context& context;
  simulate_options options;
  seeded_random random;
  fault_book faults;
  recorder records;
  stand_in_services services;
  dialect_list dialects;
  async::task_group tasks;
  std::unique_ptr<net::listener> smtp;
  std::unique_ptr<net::listener> http;
};

simulator::simulator(async::io_context& context, net::connector& network, const clock& time, simulate_options options)
    : parts_{std::make_unique<parts>(context, network, time, std::move(options))} {}

simulator::~simulator() = default;

std::optional<simulate_fault> simulator::start(const std::function<void(std::string)>& announce) {
  parts& all = *parts_;
  if (!all.records.usable()) return simulate_fault{"cannot write " + all.options.record_path, false};
  if (!all.options.faults.empty()) {
    std::string fault;
    auto rules = parse_faults(all.options.faults, doors_of(all.dialects), fault);
    if (!rules) return simulate_fault{"faults: " + fault, false};
    all.faults.replace(std::move(*rules));
  }
  all.smtp = all.door([&all](std::unique_ptr<net::stream> connection) {
    all.tasks.spawn("smtp", parts::talk_smtp(std::move(connection), all.services));
  });
  all.http = all.door([&all](std::unique_ptr<net::stream> connection) {
    all.tasks.spawn("http", parts::talk_http(std::move(connection), all.services, all.dialects));
  });
  for (auto& [door, address, name] :
       {std::tuple<net::listener*, const std::string&, const char*>{all.smtp.get(), all.options.smtp_address, "smtp"},
        {all.http.get(), all.options.http_address, "http"}}) {
    const auto parsed = net::parse_listen_address(address);
    if (!parsed) return simulate_fault{address + " is no address with a port", false};
    const auto bound = door->open(*parsed);
    if (!bound) return simulate_fault{address + ": " + bound.error().message(), true};
    door->start();
    announce("listening " + std::string{name} + " " + bound->to_string());
  }
  return std::nullopt;
}

void simulator::stop() {
  if (parts_->smtp) parts_->smtp->stop();
  if (parts_->http) parts_->http->stop();
  parts_->tasks.cut();
}

}  // namespace stellwerk::simulate
