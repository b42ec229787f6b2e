#include "gateway/app/gateway.hpp"

#include <unistd.h>

#include <future>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/net/host_port.hpp"
#include "base/net/http_client.hpp"
#include "base/net/tls.hpp"
#include "base/net/unused_address.hpp"
#include "gateway/app/gateway_parts.hpp"
#include "gateway/app/read_controls.hpp"

namespace stellwerk::app {
namespace {

constexpr std::size_t reader_threads = 3;
constexpr std::size_t worker_threads = 2;
constexpr std::size_t pool_queue_max = 20'000;
// Up to so many cores the doors, the dispatcher and the ways out share one thread (ADR 0013): waking another for every
// step of a message costs more than it gains, and the committer, the store and the pools use the other core.
constexpr std::size_t small_machine_cores = 2;

std::size_t io_threads_of(std::size_t cores) { return cores > small_machine_cores ? cores : 1; }

async::io_threads::lag_hook lag_gauge(metric_registry& registry, const char* thread) {
  gauge lag = registry.make_gauge("event_loop_lag_seconds", "How late the loops' timers are.", {{"thread", thread}});
  return [lag](std::size_t, std::chrono::nanoseconds late) mutable {
    lag.set(std::chrono::duration<double>(late).count());
  };
}

spool::spool_metrics make_spool_metrics(metric_registry& registry) {
  spool::spool_metrics made;
  made.commit_seconds = registry.make_histogram("commit_seconds", "Duration of one group commit.", sync_bounds());
  made.commits = registry.make_counter("commits_total", "Group commits.");
  made.operations = registry.make_counter("commit_operations_total", "Requests committed.");
  made.refused_operations = registry.make_counter("store_refused_total", "Requests answered without being stored.");
  made.store_errors = registry.make_counter("store_errors_total", "Writes and syncs that failed.");
  made.corrupt_records = registry.make_counter("store_corrupt_records_total", "Records whose checksum did not hold.");
  made.segments_removed = registry.make_counter("segments_removed_total", "Body segments unlinked.");
  made.copied_bytes = registry.make_counter("segment_copied_bytes_total", "Live bodies moved out of sparse segments.");
  made.expired_keys = registry.make_counter("idempotency_keys_expired_total", "Idempotency keys past their time.");
  made.writable = registry.make_gauge("store_writable", "1 while the store takes writes.");
  made.state_bytes = registry.make_gauge("spool_bytes", "Bytes on disk.", {{"kind", "state"}});
  made.body_bytes = registry.make_gauge("spool_bytes", "Bytes on disk.", {{"kind", "body"}});
  made.body_live_bytes = registry.make_gauge("spool_bytes", "Bytes on disk.", {{"kind", "body_live"}});
  return made;
}

std::vector<std::string> listener_names(const config::gateway_config& settings) {
  std::vector<std::string> names;
  for (const auto& one : settings.ingress.smtp) names.push_back(one.name);
  return names;
}

async::awaitable<void> drain_door(ingress::smtp::smtp_server& door, steady_point deadline,
                                  std::atomic<std::size_t>& open) {
  co_await door.drain(deadline);
  --open;
}

void on_thread(async::io_context& context, const std::function<void()>& work) {
  std::promise<void> done;
  boost::asio::post(context, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace

config::adapter_catalogue linked_adapters() {
  config::adapter_catalogue catalogue;
  catalogue.names = adapters::adapter_kinds();
  catalogue.describe = [](const adapters::destination_settings& settings, policy::destination_traits& traits) {
    traits.capabilities = adapters::capabilities_of(settings);
    traits.relay_capabilities = adapters::relay_capabilities_of(settings);
    traits.refused_fields = adapters::refused_fields_of(settings);
    traits.can_sandbox = adapters::has_sandbox(settings);
  };
  catalogue.fault = [](const adapters::destination_settings& settings) { return adapters::settings_fault(settings); };
  return catalogue;
}

config::load_environment process_environment() {
  char name[256] = {};
  const bool named = ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0';
  return config::system_environment(linked_adapters(), named ? name : "stellwerk");
}

config::load_environment serving_environment() {
  config::load_environment environment = process_environment();
  environment.check_doors = [](const ingress::ingress_settings& doors) {
    const system_clock time;
    std::vector<config::path_fault> faults;
    for (ingress::door_fault& one : ingress::make_door_settings(doors, time.now()).faults)
      faults.push_back({std::move(one.path), std::move(one.reason)});
    const ingress::grpc_config& grpc = doors.grpc;
    if (grpc.certificate.empty() || grpc.key.empty()) return faults;
    const net::tls_server_files files{grpc.certificate, grpc.key, grpc.client_ca};
    if (const auto usable = net::make_server_tls(files, time.now()); !usable)
      faults.push_back({"ingress.grpc.tls", usable.error().message()});
    return faults;
  };
  environment.check_ca = [](const std::string& file) {
    const auto usable = net::make_client_tls({net::tls_verification::chain_and_name, file, {}, {}});
    return usable ? std::string{} : file + ": " + usable.error().message();
  };
  return environment;
}

gateway::parts::parts(config::gateway_config configuration)
    : settings{std::move(configuration)},
      log{STDERR_FILENO, time, telemetry::parse_log_level(settings.log_level),
          metrics.make_counter("log_dropped_total", "Log lines dropped because the target did not keep up.", {})},
      shown{metrics},
      delivery_numbers{metrics},
      door_numbers{std::make_unique<ingress::ingress_metrics>(metrics, listener_names(settings))},
      rules{settings.policy},
      in_force{std::make_shared<const config::gateway_config>(settings)},
      readers{reader_threads, pool_queue_max, "reader"},
      workers{worker_threads, pool_queue_max, "worker"},
      threads{io_threads_of(std::thread::hardware_concurrency()), "io", lag_gauge(metrics, "io")},
      passwords{workers, time},
      dispatch_random{secure_seed()},
      watch{settings.file} {
  if (threads.size() > 1) {
    dispatch_thread = std::make_unique<async::io_threads>(1, "dispatch", lag_gauge(metrics, "dispatch"));
  }
  dispatching = std::make_unique<async::turn_loop>(dispatch_thread ? dispatch_thread->at(0) : threads.at(0), time);
}

bool gateway::parts::loops_turn() const {
  constexpr std::chrono::seconds silence_max{30};
  return threads.longest_silence() < silence_max &&
         (!dispatch_thread || dispatch_thread->longest_silence() < silence_max);
}

std::optional<start_fault> gateway::parts::open_store() {
  auto made = ingress::make_door_settings(settings.ingress, time.now());
  if (!made.settings)
    return start_fault{exit_code::configuration, made.faults.front().path + ": " + made.faults.front().reason};
  doors = std::make_unique<ingress::published_settings>(made.settings);

  spool::embedded::embedded_options options;
  options.on_ledger = [this](std::uint64_t sequence) {
    // The committer's thread; it runs before there is a door and until there is none.
    if (auto* door = ledger_listener.load(std::memory_order_acquire)) door->notify_ledger(sequence);
  };
  auto opened = spool::embedded::open_embedded_store(settings.spool, time, log, make_spool_metrics(metrics), options);
  if (!opened) {
    std::string reason = settings.spool.data_directory + ": " + opened.error().message();
    if (opened.error().is(errc::corrupt))
      reason += "; it was left as it is: try `stellwerk spool check --repair`, see docs/operations.md";
    return start_fault{exit_code::data_directory, std::move(reason)};
  }
  store = std::move(*opened);
  if (auto fault = open_audit()) return fault;
  if (auto fault = load_marks()) return fault;
  if (auto fault = load_suppressions()) return fault;
  if (auto fault = adopt_stored_policy()) return fault;
  rules.publish(settings.policy);
  in_force.publish(std::make_shared<const config::gateway_config>(settings));
  return std::nullopt;
}

std::optional<start_fault> gateway::parts::open_smtp(const ingress::smtp_listener_config& door,
                                                     std::vector<std::string>& lines) {
  auto address = net::parse_listen_address(door.address);
  if (!address) return start_fault{exit_code::configuration, door.address + " is no address to listen on"};
  if (const auto unused = net::check_unused(*address); !unused)
    return start_fault{exit_code::cannot_bind, door.name + " " + door.address + ": " + unused.error().message()};
  for (std::size_t i = 0; i < units.size(); ++i) {
    result<net::endpoint_address> answer = error{errc::cancelled, "app.listen"};
    on_thread(units[i]->context, [&] { answer = smtp[i]->listen(door.name, *address); });
    if (!answer)
      return start_fault{exit_code::cannot_bind, door.name + " " + door.address + ": " + answer.error().message()};
    *address = *answer;  // the first thread took a port; the others share it
  }
  lines.push_back("listening " + door.name + " " + address->to_string());
  return std::nullopt;
}

std::optional<start_fault> gateway::parts::open_admin(std::vector<std::string>& lines) {
  if (settings.http.admin_address.empty()) return std::nullopt;
  const auto address = net::parse_listen_address(settings.http.admin_address);
  if (!address)
    return start_fault{exit_code::configuration, settings.http.admin_address + " is no address to listen on"};
  if (const auto unused = net::check_unused(*address); !unused)
    return start_fault{exit_code::cannot_bind,
                       "admin " + settings.http.admin_address + ": " + unused.error().message()};
  io_unit& first = *units.front();
  result<net::endpoint_address> answer = error{errc::cancelled, "app.listen"};
  on_thread(first.context, [&] {
    admin::admin_sources sources{
        [this] {
          show_counts();
          return metrics.text();
        },
        [this] { return readiness(); },
        [this] { return loops_turn(); },
        *dispatch,
        *store,
        rules,
        readers,
        log,
        settings.http.admin_token_hash,
        *audit,
        *runner,
        in_force,
        read_controls,
        time,
        [this](admin::policy_order order, std::function<void(admin::policy_verdict)> done) {
          post_to_main([this, order = std::move(order), done = std::move(done)] { done(apply(order)); });
        }};
    net::http_server_config server_config;
    server_config.name = "admin";
    admin = std::make_unique<net::http_server>(first.context.get_executor(), time, server_config,
                                               admin::make_admin_handler(std::move(sources)),
                                               [this](std::string_view task, std::string_view what) {
                                                 log.error("task_died", {{"task", task}, {"what", what}});
                                               });
    answer = admin->listen(*address);
  });
  if (!answer)
    return start_fault{exit_code::cannot_bind,
                       "admin " + settings.http.admin_address + ": " + answer.error().message()};
  lines.push_back("listening admin " + answer->to_string());
  return std::nullopt;
}

std::optional<start_fault> gateway::parts::open_doors(std::vector<std::string>& lines) {
  const auto smtp_memory = std::make_shared<ingress::smtp::content_memory>();
  for (std::size_t i = 0; i < units.size(); ++i) {
    io_unit& unit = *units[i];
    ingress::smtp::session_services services{
        time,      log,           *unit.admission,
        passwords, failures,      pressure,
        *doors,    *door_numbers, [&unit](steady_point at) { return unit.network.sleep_until(at); },
        {},        smtp_memory};
    on_thread(unit.context, [&] {
      smtp.push_back(
          std::make_unique<ingress::smtp::smtp_server>(unit.context.get_executor(), std::move(services), connections));
    });
  }
  for (const ingress::smtp_listener_config& door : settings.ingress.smtp) {
    if (auto fault = open_smtp(door, lines)) return fault;
  }
  if (!settings.ingress.grpc.address.empty()) {
    ingress::grpc::grpc_services services{{}, *store, readers, *doors, {}, pressure, time, log, *door_numbers};
    for (auto& unit : units) services.places.push_back({unit->context, unit->tasks, *unit->admission, unit->random});
    services.cancel = [this](const queue_id& id, auto done) {
      delivery::operate_order order;
      order.what = delivery::operation::cancel;
      order.by = delivery::authority::client;
      order.message = id;
      order.reason = "cancelled by client";
      dispatch->operate(std::move(order),
                        [done = std::move(done)](result<std::vector<delivery::operated_recipient>> answer) {
                          if (!answer) return done(answer.error());
                          std::vector<spool::recipient_row> rows;
                          for (delivery::operated_recipient& one : *answer) rows.push_back(std::move(one.row));
                          done(std::move(rows));
                        });
    };
    grpc = std::make_unique<ingress::grpc::grpc_server>(std::move(services));
    ledger_listener.store(grpc.get(), std::memory_order_release);
    const auto answer = grpc->start(settings.ingress.grpc);
    if (!answer)
      return start_fault{exit_code::cannot_bind,
                         "grpc " + settings.ingress.grpc.address + ": " + answer.error().message()};
    lines.push_back("listening grpc " + answer->to_string());
  }
  return open_admin(lines);
}

gateway::gateway(config::gateway_config configuration) : parts_{std::make_unique<parts>(std::move(configuration))} {}

gateway::~gateway() = default;

std::optional<start_fault> gateway::start(const announcer& announce) {
  parts& all = *parts_;
  if (auto fault = all.open_store()) return fault;
  all.threads.start();
  if (all.dispatch_thread) all.dispatch_thread->start();
  std::vector<delivery::io_runner::thread> run_on;
  for (std::size_t i = 0; i < all.threads.size(); ++i) {
    on_thread(all.threads.at(i), [&] {
      all.units.push_back(std::make_unique<io_unit>(all.threads.at(i), all.workers, all.time, all.log));
    });
    run_on.push_back({all.units.back()->context, all.units.back()->tasks});
  }
  const auto make_adapter = [&all](std::size_t thread, const adapters::destination_settings& settings) {
    io_unit& unit = *all.units[thread];
    const async::executor owner = unit.context.get_executor();
    const auto make_client = [&unit, &all, owner](net::http_client_config config) {
      return net::make_http_client(owner, unit.network, all.time, std::move(config));
    };
    adapters::adapter_environment environment{owner, unit.network, all.time, all.log, make_client};
    return adapters::make_adapter(settings, environment);
  };
  all.runner = std::make_unique<delivery::io_runner>(run_on, make_adapter, all.time);
  all.runner->adopt(all.settings.destinations);
  delivery::dispatcher::environment environment{all.time,
                                                all.dispatch_random,
                                                all.log,
                                                *all.store,
                                                *all.runner,
                                                [&all](std::function<void()> work) {
                                                  // The dispatcher bounds the number of its reads. None may be lost,
                                                  // however much clients ask: its recipients would wait for ever.
                                                  if (!all.readers.post_always(std::move(work)))
                                                    all.log.info("reader_stopped", {});
                                                },
                                                all.delivery_numbers,
                                                [&all] { all.dispatching->wake(); },
                                                all.settings.node.name};
  all.dispatch = std::make_unique<delivery::dispatcher>(std::move(environment), all.settings.delivery,
                                                        all.settings.policy, all.shares());
  for (auto& unit : all.units) {
    unit->admission = std::make_unique<ingress::admission_pipeline>(
        ingress::admission_services{all.time, unit->ids, *all.dispatch, all.rules, *all.doors, all.rates, all.pressure,
                                    *all.door_numbers, all.log});
  }
  all.restore_marks();
  all.dispatch->adopt(std::move(all.suppressions));
  all.dispatch->recover();
  all.dispatching->start([&dispatch = *all.dispatch] {
    dispatch.run();
    return dispatch.next_wakeup();
  });

  std::vector<std::string> lines;
  std::optional<start_fault> fault = all.open_doors(lines);
  if (!fault) fault = all.write_start();
  if (fault) {
    drain(std::chrono::seconds{0}, [] { return true; });
    return fault;
  }
  for (std::size_t i = 0; i < all.units.size(); ++i) {
    on_thread(all.units[i]->context, [&all, i] { all.smtp[i]->start(); });
  }
  all.bound = true;
  all.shown.show_policy(all.metrics, all.settings.policy->version());
  all.log.info("started", {{"node", all.settings.node.name}, {"policy_version", all.settings.policy->version()}});
  all.log_findings();
  for (const std::string& line : lines) announce(line);
  return std::nullopt;
}

void gateway::drain(std::chrono::seconds grace, const std::function<bool()>& hurry) {
  parts& all = *parts_;
  const steady_point end = all.time.steady() + grace;
  all.draining = true;
  all.pressure.start_draining();
  all.log.info("draining", {{"grace_seconds", grace.count()}});
  bool hurried = grace.count() == 0;
  std::atomic<std::size_t> closing{all.smtp.size()};
  for (std::size_t i = 0; i < all.smtp.size(); ++i) {
    io_unit& unit = *all.units[i];
    on_thread(unit.context, [&] {
      unit.tasks.spawn("smtp drain", drain_door(*all.smtp[i], end - std::chrono::seconds{2}, closing),
                       async::on_stop::finish);
    });
  }
  if (all.grpc) all.grpc->drain(end - std::chrono::seconds{2});
  if (all.dispatch) all.dispatch->post([&all] { all.dispatch->stop_starting(); });
  const auto busy = [&] { return closing > 0 || (all.dispatch && !all.dispatch->at_rest()); };
  while (!hurried && all.time.steady() < end && busy()) hurried = hurry();
  for (auto& unit : all.units) {
    unit->tasks.request_stop();
    unit->tasks.cut();
  }
  if (all.grpc) all.grpc->stop();
  if (all.admin) on_thread(all.units.front()->context, [&all] { all.admin->stop(); });
  // What was accepted or settled until now is committed; then nobody writes any more.
  if (all.store) all.store->close();
  all.dispatching->stop();
  all.readers.stop();
  all.workers.stop();
  if (all.runner) all.runner->close();
  all.threads.stop();
  all.threads.join();
  if (all.dispatch_thread) {
    all.dispatch_thread->stop();
    all.dispatch_thread->join();
  }
  all.log.info("stopped", {});
}

}  // namespace stellwerk::app
