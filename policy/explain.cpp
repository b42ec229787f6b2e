#include "policy/explain.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "mail/address_key.hpp"

namespace stellwerk::policy {
namespace {

// Writes the members of one object; commas take care of themselves.
class object_writer {
 public:
  explicit object_writer(std::string& out) : out_{out} { out_ += '{'; }
  void text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
  }
  std::string& key(std::string_view name) {
    if (!first_) out_ += ", ";
    first_ = false;
    append_json_string(out_, name);
    out_ += ": ";
    return out_;
  }
  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

template <class Range, class Write>
void write_list(std::string& out, const Range& range, const Write& write) {
  out += '[';
  bool first = true;
  for (const auto& one : range) {
    if (!first) out += ", ";
    first = false;
    write(out, one);
  }
  out += ']';
}

// "60s", "0.250s": as durations are written in JSON.
std::string json_duration(duration value) {
  const auto seconds = value.count() / 1000;
  const auto rest = value.count() % 1000;
  return rest == 0 ? fmt::format("{}s", seconds) : fmt::format("{}.{:03}s", seconds, rest);
}

std::string detail_of(const candidate& one) {
  std::string detail = one.detail;
  if (one.way == way::relay) detail = detail.empty() ? "by relay" : "by relay: " + detail;
  if (one.panic) detail = detail.empty() ? "panic" : "panic; " + detail;
  return detail;
}

void write_candidate(std::string& out, const policy& rules, const candidate& one) {
  object_writer object{out};
  object.text("destination", rules.destinations()[one.destination].name);
  object.text("verdict", to_string(one.verdict));
  object.text("reason", to_string(one.reason));
  object.text("detail", detail_of(one));
  object.text("invariant", one.invariant);
  object.close();
}

void write_decision(std::string& out, const policy& rules, const explained_recipient& one) {
  const decision& made = one.made;
  const route_config* route = made.route < rules.routes().size() ? &rules.routes()[made.route] : nullptr;
  object_writer object{out};
  object.text("recipient", one.recipient);
  object.text("route", route != nullptr ? route->name : "");
  object.text("action", to_string(made.action));
  object.text("action_reason", made.action_reason);
  object.text("on_unknown", to_string(route != nullptr ? route->on_unknown : on_unknown::same_destination));
  object.text("deadline", route != nullptr && route->deadline ? json_duration(*route->deadline) : "");
  write_list(object.key("candidates"), made.candidates,
             [&](std::string& list, const candidate& each) { write_candidate(list, rules, each); });
  if (!made.shadows.empty()) {
    write_list(object.key("shadows"), made.shadows,
               [&](std::string& list, const candidate& each) { write_candidate(list, rules, each); });
  }
  object.close();
}

void write_message(std::string& out, const explained_message& message) {
  object_writer object{out};
  object.text("client", message.client);
  object.text("tenant", message.tenant);
  write_list(object.key("recipients"), message.recipients,
             [](std::string& list, const std::string& address) { append_json_string(list, address); });
  object.close();
}

}  // namespace

std::string explain_json(const policy& rules, const explained_message& message, const classification& stream,
                         std::span<const explained_recipient> recipients) {
  std::string out;
  object_writer object{out};
  write_message(object.key("message"), message);
  object.text("stream", mail::to_string(stream.stream));
  object.text("stream_source", mail::to_string(stream.source));
  object.text("stream_reason", stream.reason);
  write_list(object.key("signals"), stream.signals, [](std::string& list, const fired_signal& one) {
    object_writer signal{list};
    signal.text("name", one.name);
    signal.text("points_to", mail::to_string(one.points_to));
    signal.close();
  });
  object.text("policy_version", rules.version());
  write_list(object.key("decisions"), recipients,
             [&](std::string& list, const explained_recipient& one) { write_decision(list, rules, one); });
  object.close();
  return out;
}

std::string passed_over(const policy& rules, const decision& made) {
  std::string out;
  for (const candidate& one : made.candidates) {
    if (one.verdict == verdict::chosen) break;
    if (!out.empty()) out += "; ";
    out += rules.destinations()[one.destination].name;
    out += ": ";
    out += to_string(one.reason);
    const std::string detail = one.invariant.empty() ? detail_of(one) : std::string{one.invariant};
    if (!detail.empty()) out += ' ' + detail;
  }
  return out;
}

void assumed_live_state::assume_suppressed(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) suppressed_.insert(mail::address_key(address));
}

std::string_view assumed_live_state::suppressed(std::string_view tenant, std::string_view recipient,
                                                mail::traffic_stream stream, time_point now) const {
  if (!suppressed_.empty() && suppressed_.contains(mail::address_key(recipient))) return "assumed";
  return real_ == nullptr ? std::string_view{} : real_->suppressed(tenant, recipient, stream, now);
}

bool assumed_live_state::assume(const policy& rules, std::string_view destination, const assumption& what) {
  destination_status status;
  status.full = what.full;
  status.backlog = what.backlog;
  status.spent = what.spent;
  if (what.state == "open") {
    status.unavailable = candidate_reason::ejected;
  } else if (what.state == "drained") {
    status.unavailable = candidate_reason::drained;
  } else if (what.state == "suspended") {
    status.unavailable = candidate_reason::suspended;
  } else if (what.state == "account_refused") {
    status.unavailable = candidate_reason::account_refused;
  } else if (what.state != "closed" && what.state != "half_open") {
    return false;
  }
  const auto known = rules.destinations();
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].name != destination) continue;
    statuses_[i] = status;
    return true;
  }
  return false;
}

}  // namespace stellwerk::policy
