// A spool that keeps what is accepted in memory and can be told to fail. Thread-bound to the test.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/spool/spool.hpp"

namespace stellwerk::test {

class fake_acceptor final : public spool::acceptor {
 public:
  [[nodiscard]] static spool::accepted_message proof_of(const queue_id& id, bool duplicate = false);

  void accept(spool::accept_request request, spool::accept_completion done) override;

  std::vector<spool::accept_request> accepted;
  std::optional<error> failure;  // the next ones fail with it
  bool holds = false;            // answers only when released
  void release();

 private:
  struct claim {
    std::array<std::uint8_t, 32> fingerprint{};
    std::size_t index = 0;  // in accepted
  };
  [[nodiscard]] result<spool::accept_answer> take(spool::accept_request request);
  [[nodiscard]] spool::accept_answer merge(std::size_t index, spool::accept_request request);

  std::map<std::pair<std::string, std::string>, claim> claims_;
  std::vector<std::pair<spool::accept_request, spool::accept_completion>> held_;
};

}  // namespace stellwerk::test
