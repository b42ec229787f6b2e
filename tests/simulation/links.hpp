// links: the outer ends of all connections of the gateway process, so that its end can be told to them.
#pragma once

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/simulation/chance.hpp"
#include "tests/support/memory_stream.hpp"

namespace stellwerk::simulation {

class links {
 public:
  // One open connection, as long as it lives.
  class link {
   public:
    link(links& all, std::unique_ptr<test::memory_stream> end) : all_{&all}, end_{std::move(end)} {
      all_->numbered_.emplace(number_ = all_->next_++, end_.get());
    }
    link(link&& other) noexcept
        : all_{std::exchange(other.all_, nullptr)}, number_{other.number_}, end_{std::move(other.end_)} {}
    link& operator=(link&&) = delete;
    ~link() {
      if (all_ != nullptr) all_->numbered_.erase(std::pair{number_, end_.get()});
    }
    [[nodiscard]] test::memory_stream& stream() const { return *end_; }

   private:
    links* all_;
    std::uint64_t number_ = 0;
    std::unique_ptr<test::memory_stream> end_;
  };

  // The process is gone: its connections end, some with what was on its way, some without.
  void end_all(chance& dice) {
    const auto now = numbered_;
    for (const auto& [number, end] : now) dice.one_in(2) ? end->sever() : end->reset();
  }
  [[nodiscard]] std::size_t size() const { return numbered_.size(); }

 private:
  std::set<std::pair<std::uint64_t, test::memory_stream*>> numbered_;
  std::uint64_t next_ = 0;
};

}  // namespace stellwerk::simulation
