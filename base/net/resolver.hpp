// Names to addresses by the system's resolver, on a pool thread, with a small cache.
//
// One per io thread (thread-bound); the pool and the clock outlive it. Questions for the same name that come while one
// is under way wait for its answer. The cache ends entries after 30 s, failures after 5 s: getaddrinfo does not tell
// the record's own life.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/async/blocking_pool.hpp"
#include "base/async/event.hpp"
#include "base/async/task_group.hpp"
#include "base/clock.hpp"
#include "base/net/ip_address.hpp"

namespace stellwerk::net {

using address_list = std::vector<ip_address>;

// The blocking question itself; replaceable for tests. Called on a pool thread.
using resolve_function = std::function<result<address_list>(const std::string& name)>;
[[nodiscard]] result<address_list> resolve_with_system(const std::string& name);

struct resolver_settings {
  resolver_settings() {}
  std::chrono::seconds keep_answer{30};
  std::chrono::seconds keep_failure{5};
  std::size_t entries_max = 4096;
};

class resolver {
 public:
  resolver(async::executor owner, async::blocking_pool& pool, const clock& time,
           resolve_function ask = &resolve_with_system, resolver_settings settings = {});

  // errc::unresolved when the name has no address, errc::timed_out at the deadline. Numeric addresses answer at once.
  [[nodiscard]] async::awaitable<result<address_list>> resolve(std::string name, steady_point deadline);

 private:
  struct entry {
    explicit entry(async::executor owner) : answered{owner}, answer{address_list{}} {}
    async::event answered;
    result<address_list> answer;
    steady_point valid_until{};
    bool asking = false;
  };
  // Outlives an impatient caller and the resolver itself: it owns what it uses.
  [[nodiscard]] static async::awaitable<void> ask(async::blocking_pool& pool, const clock& time,
                                                  resolver_settings settings,
                                                  std::function<result<address_list>()> question,
                                                  std::shared_ptr<entry> into);
  void make_room(steady_point now);

  async::executor owner_;
  async::blocking_pool& pool_;
  const clock& time_;
  const resolve_function ask_;
  const resolver_settings settings_;
  std::unordered_map<std::string, std::shared_ptr<entry>> entries_;
  async::task_group questions_;
};

}  // namespace stellwerk::net
