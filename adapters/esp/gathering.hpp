// gathering: which of the messages waiting for one vendor leave in one request. Decides; esp_adapter sends.
//
// A message that finds fewer than `requests_max` requests under way leads one, and takes along whoever waits, within
// the vendor's limits. Further ones wait, and the first of them leads the next request as soon as one has returned. So
// a lone message is never held up, and requests grow with the load by themselves, without a timer.
//
// A part lives in the frame of the coroutine that delivers it, which is suspended while the part waits. Thread-bound.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "adapters/attempt.hpp"
#include "adapters/esp/mapping.hpp"
#include "base/async/completion.hpp"

namespace stellwerk::adapters::esp {

// One message on its way.
struct part {
  part(async::executor owner, attempt what_in, vendor_entry entry_in)
      : what{std::move(what_in)}, entry{std::move(entry_in)}, alone{what.sandbox}, called{owner} {}

  attempt what;
  vendor_entry entry;
  // For a sandbox, which a whole request is sent into; or a request of several was refused for what may be its fault.
  bool alone = false;
  std::optional<attempt_report> report;  // what became of it
  async::completion<bool> called;        // it has its report, or leads the next request
};

class gathering {
 public:
  gathering(batch_limits limits, std::size_t requests_max) : limits_{limits}, requests_max_{requests_max} {}

  // True: the part leads a request and calls `set_out` when it is ready to leave. False: it waits to be called.
  [[nodiscard]] bool arrive(part& one);
  // What leaves with the leader, the leader first.
  [[nodiscard]] std::vector<part*> set_out(part& leader);
  // One request has come back.
  void returned() { --requests_; }
  // It waits again, before all others, and will have a request to itself.
  void send_apart(part& one);
  // The same of a leader whose request has just returned: it need not wait for its turn.
  void keep_place(part& leader) {
    leader.alone = true;
    ++requests_;
  }
  // The next leader, if a request may leave now and somebody waits.
  [[nodiscard]] part* next_leader();

 private:
  batch_limits limits_;
  std::size_t requests_max_;
  std::size_t requests_ = 0;  // led or under way
  bool boarding_ = false;     // a leader is about to set out, and takes along who comes meanwhile
  std::deque<part*> waiting_;
};

}  // namespace stellwerk::adapters::esp
