#include "gateway/ingress/smtp/smtp_server.hpp"

#include "gateway/ingress/smtp/replies.hpp"

namespace stellwerk::ingress::smtp {
namespace {

// With so many sessions open the wait in the accept queue is pause enough for an early talker to show.
constexpr std::size_t sessions_without_pause = 8;
constexpr duration cut_grace = std::chrono::seconds{5};

// What a connection is told instead of a greeting; "" when it is welcome.
std::string_view obstacle_of(connection_limits::verdict verdict, bool draining) {
  if (draining) return replies::draining;
  switch (verdict) {
    case connection_limits::verdict::entered: return {};
    case connection_limits::verdict::too_many: return replies::too_many_connections;
    case connection_limits::verdict::too_many_from_peer: return replies::too_many_from_you;
  }
  return replies::too_many_connections;
}

// Counts down also when the session dies of an exception.
class open_session {
 public:
  explicit open_session(gauge& open) : open_{open} { open_.add(1); }
  ~open_session() { open_.add(-1); }
  open_session(const open_session&) = delete;
  open_session& operator=(const open_session&) = delete;

 private:
  gauge& open_;
};

}  // namespace

smtp_server::smtp_server(async::executor owner, session_services services, connection_limits& limits)
    : owner_{owner},
      services_{std::move(services)},
      limits_{limits},
      tasks_{owner, [&log = services_.log](std::string_view name, std::string_view what) {
               log.error("session_died", {{"task", name}, {"what", what}});
             }} {}

result<net::endpoint_address> smtp_server::listen(const std::string& door_name, const net::endpoint_address& address) {
  auto one = std::make_unique<net::listener>(
      owner_, [this, door_name](std::unique_ptr<net::stream> connection) { serve(door_name, std::move(connection)); },
      [this, door_name](const error& failure) {
        services_.log.warning("accept_failed", {{"listener", door_name}, {"reason", failure.message()}});
      });
  auto bound = one->open(address);
  if (bound) listeners_.push_back(std::move(one));
  return bound;
}

void smtp_server::start() {
  for (const auto& one : listeners_) one->start();
}

void smtp_server::serve(const std::string& door_name, std::unique_ptr<net::stream> connection) {
  door_settings_ptr settings = services_.settings.load();
  const smtp_door* door = settings->door(door_name);
  if (door == nullptr) return;  // taken out by a reload
  connection_limits::entry entry = limits_.enter(door->config, connection->peer().ip);
  if (const std::string_view obstacle = obstacle_of(entry.outcome, services_.pressure.draining()); !obstacle.empty()) {
    if (entry.outcome != connection_limits::verdict::entered) services_.metrics.smtp_connections_refused_limit.add();
    if (door->config.tls == server_tls_mode::implicit) return;  // a reply in clear would be noise to the peer
    tasks_.spawn("smtp refused",
                 turn_away(std::move(connection), obstacle, services_.time.steady() + services_.timing.goodbye));
    return;
  }
  const bool pause = tasks_.size() < sessions_without_pause;
  auto one = std::make_unique<session>(std::move(connection), std::move(settings), door_name, services_);
  tasks_.spawn("smtp", run_session(std::move(one), std::move(entry.place), pause, services_.metrics.smtp_sessions));
}

async::awaitable<void> smtp_server::run_session(std::unique_ptr<session> one, connection_limits::slot /*place*/,
                                                bool pause, gauge open) {
  const open_session counted{open};
  co_await one->run(pause);
}

async::awaitable<void> smtp_server::turn_away(std::unique_ptr<net::stream> connection, std::string_view text,
                                              steady_point deadline) {
  connection->expires_at(deadline);
  co_await connection->write_one(text);
  connection->close();
}

async::awaitable<void> smtp_server::drain(steady_point deadline) {
  for (const auto& one : listeners_) one->stop();
  tasks_.request_stop();
  if (co_await tasks_.wait_empty(deadline)) co_return;
  services_.log.warning("sessions_cut", {{"count", tasks_.size()}});
  tasks_.cut();
  co_await tasks_.wait_empty(deadline + cut_grace);
}

}  // namespace stellwerk::ingress::smtp
