// An operator's order, written down before it is carried out: into the audit log (synced) and the log, with who, what
// and why. What cannot be written down is not done.
//
// Thread rule: as the handler's; the write itself runs on a reader thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/admin/admin_handler.hpp"
#include "gateway/admin/connect_call.hpp"

namespace stellwerk::admin {

struct operator_action {
  std::string action;   // "destination.drain", "queue.hold", "policy.apply"
  std::string subject;  // what it is done to
  std::string reason;
  operator_identity who;
  std::vector<std::pair<std::string, std::string>> details;
};

// Every order needs a reason others can read.
[[nodiscard]] std::optional<call_fault> fault_of_reason(std::string_view reason);

[[nodiscard]] events::audit_entry to_audit_entry(const operator_action& what);

// A fault: it is not written down, so it must not be done.
[[nodiscard]] async::awaitable<std::optional<call_fault>> write_down(const admin_sources& sources,
                                                                     operator_action what);

}  // namespace stellwerk::admin
