#include "base/net/resolver.hpp"

#include <algorithm>

#include <netdb.h>
#include <netinet/in.h>

namespace stellwerk::net {
namespace {

ip_address address_of(const sockaddr& generic) {
  char text[INET6_ADDRSTRLEN] = "";
  const socklen_t size = generic.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (getnameinfo(&generic, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) return {};
  const std::string_view whole{text};
  return ip_address::parse(whole.substr(0, whole.find('%'))).value_or(ip_address{});
}

}  // namespace

result<address_list> resolve_with_system(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return error{errc::unresolved, "net.resolve"};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned{found, freeaddrinfo};
  address_list list;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const ip_address address = address_of(*one->ai_addr);
    if (std::find(list.begin(), list.end(), address) == list.end()) list.push_back(address);
  }
  if (list.empty()) return error{errc::unresolved, "net.resolve"};
  return list;
}

resolver::resolver(async::executor owner, async::blocking_pool& pool, const clock& time, resolve_function ask,
                   resolver_settings settings)
    : owner_{owner}, pool_{pool}, time_{time}, ask_{std::move(ask)}, settings_{settings}, questions_{owner, nullptr} {}

async::awaitable<result<address_list>> resolver::resolve(std::string name, steady_point deadline) {
  if (const auto numeric = ip_address::parse(name)) {
    address_list one;
    one.push_back(*numeric);
    co_return one;
  }
  std::shared_ptr<entry>& place = entries_[name];
  if (!place) place = std::make_shared<entry>(owner_);
  const std::shared_ptr<entry> kept = place;
  if (!kept->asking && time_.steady() < kept->valid_until) co_return kept->answer;
  if (!kept->asking) {
    kept->asking = true;
    make_room(time_.steady());
    // On its own, so that an impatient caller does not take the answer away from the others.
    auto question = [asked = ask_, name] { return asked(name); };
    questions_.spawn("resolve", ask(pool_, time_, settings_, std::move(question), kept));
  }
  const bool answered = co_await kept->answered.wait(deadline);
  if (!answered) co_return error{errc::timed_out, "net.resolve"};
  co_return kept->answer;
}

async::awaitable<void> resolver::ask(async::blocking_pool& pool, const clock& time, resolver_settings settings,
                                     std::function<result<address_list>()> question, std::shared_ptr<entry> into) {
  into->answer = co_await pool.run(std::move(question));
  into->asking = false;
  into->valid_until = time.steady() + (into->answer ? settings.keep_answer : settings.keep_failure);
  into->answered.notify_all();
}

void resolver::make_room(steady_point now) {
  const auto forget = [this](auto condition) {
    if (entries_.size() <= settings_.entries_max) return;
    std::erase_if(entries_, [&condition](const auto& item) { return !item.second->asking && condition(*item.second); });
  };
  forget([now](const entry& one) { return one.valid_until <= now; });
  forget([](const entry&) { return true; });
}

}  // namespace stellwerk::net
