// audit_log: what people and files changed in a running gateway, in an append-only file of JSON lines. Each line holds
// the hash of the one before it and its own, so that an edited, missing or moved line is found and pointed at.
//
//   {"sequence": 7, "at": "...", "action": "destination.drain", "subject": "onprem", "reason": "maintenance",
//    "actor": "127.0.0.1", "details": {...}, "previous": HASH, "hash": HASH}
//
// `hash` is the SHA-256 (hex) of the line up to its own key. A line is durable before the change it tells of is made: a
// change that cannot be written down is refused. The last line's place is kept outside (audit_head), because a chain
// alone cannot show that its end is missing. No addresses: queue ids, names and filters.
//
// Thread rule: record() from any thread that may block; the rest is pure.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace stellwerk::events {

struct audit_entry {
  std::string action;   // "policy.apply", "queue.hold" ...
  std::string subject;  // destination, file, how many messages
  std::string reason;
  std::string actor;  // address, certificate; "file", "start"
  std::vector<std::pair<std::string, std::string>> details;
};

// Where the chain ends; sequence 0: an empty log.
struct audit_head {
  std::uint64_t sequence = 0;
  std::string hash;
  friend bool operator==(const audit_head&, const audit_head&) = default;
};
[[nodiscard]] std::string to_string(const audit_head& head);  // "7:HASH"
[[nodiscard]] std::optional<audit_head> parse_audit_head(std::string_view text);

// One line with its line break, and where the chain ends then.
struct audit_line {
  std::string text;
  audit_head head;
};
[[nodiscard]] audit_line make_audit_line(const audit_entry& entry, time_point at, const audit_head& before);

struct audit_fault {
  std::size_t line = 0;  // from 1
  std::string reason;
};
// The end of the chain, or the first line where it breaks. `expected`: what is known of the end from elsewhere; a log
// that does not reach it has lost its last lines.
[[nodiscard]] std::variant<audit_head, audit_fault> verify_audit(std::string_view text,
                                                                 const std::optional<audit_head>& expected);
// The end as the last complete line tells it, unchecked; where that line ends.
[[nodiscard]] std::pair<audit_head, std::size_t> audit_end(std::string_view text);

class audit_log {
 public:
  // Appends the text and syncs.
  using appender = std::function<result<void>(std::string_view text)>;
  // Cuts off what follows the last text that was appended whole.
  using mender = std::function<result<void>()>;
  // Told after a line is durable.
  using listener = std::function<void(const audit_head& head)>;

  audit_log(const clock& time, audit_head end, appender append, mender mend, listener told)
      : time_{time}, end_{std::move(end)}, append_{std::move(append)}, mend_{std::move(mend)}, told_{std::move(told)} {}

  // A failed append may leave half a line: it is cut off and the line tried once more, and where that fails too, the
  // next record() begins with the cut. Nothing is appended to half a line.
  [[nodiscard]] result<audit_head> record(const audit_entry& entry);

 private:
  [[nodiscard]] result<void> append_whole(std::string_view text);

  const clock& time_;
  std::mutex mutex_;
  audit_head end_;
  appender append_;
  mender mend_;
  listener told_;
  bool torn_ = false;
};

}  // namespace stellwerk::events
