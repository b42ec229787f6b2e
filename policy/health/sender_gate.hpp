// sender_gate: the header_from domains that one destination refused ("sender not verified"). Such a pair is out for ten
// minutes, then one message probes it; other senders are not concerned. Bounded: at `domains_max` the entry that ends
// first makes room. Thread rule: one owner.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace stellwerk::policy {

class sender_gate {
 public:
  static constexpr duration out_for{std::chrono::minutes{10}};
  static constexpr std::size_t domains_max = 10'000;

  // True while mail of this domain must go elsewhere: the time has not passed, or its probe is under way.
  [[nodiscard]] bool refused(std::string_view domain, steady_point now) const;
  // Takes the probe of a domain whose time has passed; false: not now.
  [[nodiscard]] bool begin(std::string_view domain, steady_point now);
  void cancel(std::string_view domain);  // begun, but no attempt was made

  // The destination refused the sender. True: it was not out before, so the alert is due.
  bool on_refused(std::string_view domain, steady_point now);
  // Any outcome that shows the sender was accepted.
  void on_accepted(std::string_view domain);
  // An outcome that says nothing of the sender: the probe is free again.
  void on_neutral(std::string_view domain) { cancel(domain); }

  void clear() { entries_.clear(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct entry {
    steady_point until{};
    bool probing = false;
  };
  void make_room();

  std::map<std::string, entry, std::less<>> entries_;
};

}  // namespace stellwerk::policy
