// mapping: one vendor's API as pure functions, from attempts to a request and from its answer to outcomes. esp_adapter
// joins it with the HTTP client; a vendor's folder sees this header and nothing of async or net.
//
// A request carries one message or, where the vendor takes several, as many as batch_limits says; each keeps its own
// marks and its own fate.
//
// Refuses to guess: what the vendor's sheet does not say is `unknown` if the vendor may have the message, else
// `adapter_fault`. Thread rule: immutable once made.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/attempt.hpp"
#include "mail/attempt_outcome.hpp"
#include "mail/capabilities.hpp"

namespace stellwerk::adapters::esp {

struct vendor_field {
  std::string name;
  std::string value;
  friend bool operator==(const vendor_field&, const vendor_field&) = default;
};

struct vendor_request {
  std::string method = "GET";
  std::string target = "/";  // below the base URL
  std::vector<vendor_field> fields;
  std::string body;
};

struct vendor_answer {
  int status = 0;
  std::vector<vendor_field> fields;
  std::string body;
  bool body_cut = false;
  [[nodiscard]] std::string_view field(std::string_view name) const;  // first, case-blind; "" if absent
};

// What the API has no words for; nothing was sent.
struct cannot_carry {
  std::string detail;
  std::string refused_point;  // the capability, where it is one
};

// One message in the vendor's words, ready to be joined with others into a request.
struct vendor_entry {
  std::string text;
  bool sandbox = false;  // a copy that must not be delivered: alone in its request, which says so
};
using entry_result = std::variant<vendor_entry, cannot_carry>;

// What one request may hold.
struct batch_limits {
  std::size_t entries = 1;
  std::size_t recipients = 1;  // of all entries together
  std::size_t octets = 0;      // of all entries together; an entry that is larger goes alone
};

// The fates of what one request carried, in its order.
struct batch_reading {
  std::vector<std::vector<mail::recipient_outcome>> fates;  // of each attempt, in the order of its recipients; complete
  // The request was refused as a whole for what may be one entry's fault. Nothing was accepted: each may go alone.
  bool send_apart = false;
};

// How a message is marked for the vendor's SMTP relay.
struct relay_marks {
  std::vector<vendor_field> added;                  // on top of the header section
  std::vector<std::string_view> stripped_prefixes;  // lower case; a client may not steer the vendor by these
};

class mapping {
 public:
  virtual ~mapping() = default;

  [[nodiscard]] virtual batch_limits limits() const = 0;
  [[nodiscard]] virtual entry_result build_entry(const attempt& what) const = 0;
  // At least one, within the limits.
  [[nodiscard]] virtual vendor_request join(std::span<const vendor_entry* const> entries) const = 0;
  // `sent` as it was joined.
  [[nodiscard]] virtual batch_reading read_response(std::span<const attempt* const> sent,
                                                    const vendor_answer& answer) const = 0;
  // nullopt: the vendor has no look-up by our id.
  [[nodiscard]] virtual std::optional<vendor_request> build_lookup(std::string_view attempt_id) const = 0;
  [[nodiscard]] virtual lookup_report read_lookup(std::string_view attempt_id, std::string_view recipient,
                                                  const vendor_answer& answer) const = 0;
  // A cheap authenticated request; 2xx is healthy, anything else is read by classify_status.
  [[nodiscard]] virtual vendor_request build_probe() const = 0;
  [[nodiscard]] virtual relay_marks mark_for_relay(const attempt& what) const = 0;
};

// What an answer means by its HTTP status alone (architecture section 4): for answers whose body says nothing readable.
// A 2xx is `unknown` here.
[[nodiscard]] mail::recipient_outcome classify_status(const vendor_answer& answer);

// Seconds of a Retry-After field; nullopt where there is none or it is a date.
[[nodiscard]] std::optional<duration> retry_after(const vendor_answer& answer);

// Foreign text as outcomes keep it: at most 512 octets.
[[nodiscard]] std::string kept_text(std::string_view foreign);

}  // namespace stellwerk::adapters::esp
