// Builders of the policy tests: a message, destinations, a configuration and live state, with good defaults.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mail/analysed_message.hpp"
#include "policy/policy.hpp"

namespace stellwerk::policy {

inline const time_point sample_now = time_point{std::chrono::milliseconds{1'790'000'000'000}};

// A submission and everything views need to stay alive.
class sample_message {
 public:
  sample_message() {
    submission_.client = "shop";
    submission_.tenant = "acme";
    submission_.listener = "legacy";
    submission_.envelope.reverse_path = "bounce@shop.example";
    to("ann@example.org");
  }
  sample_message& to(std::string address) {
    submission_.envelope.recipients = {{address, {}}};
    header_to_ = std::move(address);
    return *this;
  }
  sample_message& recipients(const std::vector<std::string>& addresses) {
    submission_.envelope.recipients.clear();
    header_to_.clear();
    for (const std::string& one : addresses) {
      submission_.envelope.recipients.push_back({one, {}});
      header_to_ += (header_to_.empty() ? "" : ", ") + one;
    }
    return *this;
  }
  sample_message& header_to(std::string value) {
    header_to_ = std::move(value);
    return *this;
  }
  sample_message& reverse_path(std::string value) {
    submission_.envelope.reverse_path = std::move(value);
    return *this;
  }
  sample_message& header(const std::string& line) {
    more_ += line + "\r\n";
    return *this;
  }
  sample_message& tag(std::string value) {
    submission_.tags.push_back(std::move(value));
    return *this;
  }
  sample_message& meta(const std::string& key, std::string value) {
    submission_.metadata[key] = std::move(value);
    return *this;
  }
  sample_message& campaign(std::string value) {
    submission_.campaign = std::move(value);
    return *this;
  }
  sample_message& body(std::string value) {
    body_ = std::move(value);
    return *this;
  }
  sample_message& stream(mail::traffic_stream value) {
    stream_ = value;
    return *this;
  }
  sample_message& accepted(bool value) {
    accepted_ = value;
    return *this;
  }

  // Valid until the next change.
  const message_facts& message() {
    submission_.content = std::make_shared<const std::string>("From: Shop <news@shop.example>\r\nTo: " + header_to_ +
                                                              "\r\nSubject: Hello\r\n" + more_ + "\r\n" + body_);
    auto analysed = mail::analyse_message(submission_.content);
    EXPECT_TRUE(analysed.has_value());
    analysed_ = *analysed;
    message_ = make_message_facts(submission_, *analysed_);
    message_.accepted_at = sample_now;
    if (accepted_) message_.id.bytes[0] = 1;
    return message_;
  }
  facts about(std::string_view recipient = {}) {
    const message_facts& shared = message();
    return make_facts(shared, stream_, recipient.empty() ? submission_.envelope.recipients.front().address : recipient);
  }
  const mail::submission& submission() const { return submission_; }

 private:
  mail::submission submission_;
  std::string header_to_;
  std::string more_;
  std::string body_ = "Hello.\r\n";
  mail::traffic_stream stream_ = mail::traffic_stream::transactional;
  bool accepted_ = false;
  mail::analysed_ptr analysed_;
  message_facts message_;
};

inline destination_traits an_mta(std::string name, std::string zone = "on_prem") {
  destination_traits out;
  out.name = std::move(name);
  out.adapter = "smtp";
  out.zone = std::move(zone);
  return out;
}

inline destination_traits an_esp(std::string name, std::string zone = "eu") {
  destination_traits out;
  out.name = std::move(name);
  out.adapter = "mailjet";
  out.zone = std::move(zone);
  out.capabilities = {15'000'000, true, false, false, false, 50, 15'000'000};
  out.cost_per_thousand = money{0.85, "EUR"};
  return out;
}

inline node_config to_destination(std::string name) {
  node_config out;
  out.name = std::move(name);
  return out;
}

inline node_config a_failover(std::vector<node_config> children) {
  node_config out;
  out.what = node_config::kind::failover;
  out.path = "via";
  for (std::size_t i = 0; i < children.size(); ++i) children[i].path = "via[" + std::to_string(i) + "]";
  out.children = std::move(children);
  return out;
}

inline node_config a_split(std::vector<std::pair<std::string, double>> weights, split_by by = split_by::recipient) {
  node_config out;
  out.what = node_config::kind::split;
  out.path = "via";
  out.weights = std::move(weights);
  out.by = by;
  return out;
}

inline node_config a_limit(limit_config limit, node_config below) {
  node_config out;
  out.what = node_config::kind::limit;
  out.path = "via";
  out.limit = std::move(limit);
  out.children.push_back(std::move(below));
  return out;
}

inline node_config a_hold(std::string reason) {
  node_config out = to_destination(std::move(reason));
  out.what = node_config::kind::hold;
  return out;
}

inline node_config a_refuse(std::string text) {
  node_config out = to_destination(std::move(text));
  out.what = node_config::kind::refuse;
  return out;
}

// On-prem first, then two ESPs, unless a test says otherwise.
class sample_policy {
 public:
  sample_policy() { destinations_ = {an_mta("onprem"), an_esp("mailjet"), an_esp("ses", "us")}; }

  sample_policy& destinations(std::vector<destination_traits> all) {
    destinations_ = std::move(all);
    return *this;
  }
  destination_traits& destination(std::size_t index) { return destinations_.at(index); }
  route_config& route(std::string name, node_config via, std::string when = "") {
    route_config& out = config_.routes.emplace_back();
    out.path = "policy.routes[" + std::to_string(config_.routes.size() - 1) + "]";
    out.name = std::move(name);
    out.via = std::move(via);
    out.when = std::move(when);
    return out;
  }
  sample_policy& invariant(std::string name, std::string when, std::string only) {
    config_.invariants.push_back({std::move(name),
                                  "policy.invariants[" + std::to_string(config_.invariants.size()) + "]",
                                  std::move(when), std::move(only)});
    return *this;
  }
  sample_policy& rule(std::string name, std::string when, mail::traffic_stream stream) {
    config_.classify_rules.push_back({std::move(name),
                                      "policy.classify.rules[" + std::to_string(config_.classify_rules.size()) + "]",
                                      std::move(when), stream});
    return *this;
  }
  policy_config& config() { return config_; }

  std::shared_ptr<const policy> compiled() const {
    auto made = compile(config_, destinations_);
    if (const auto* faults = std::get_if<std::vector<policy_fault>>(&made)) {
      for (const policy_fault& one : *faults) ADD_FAILURE() << one.path << ":" << one.column << ": " << one.reason;
      return nullptr;
    }
    return std::get<std::shared_ptr<const policy>>(made);
  }
  std::vector<policy_fault> faults() const {
    auto made = compile(config_, destinations_);
    if (auto* faults = std::get_if<std::vector<policy_fault>>(&made)) return *faults;
    return {};
  }

 private:
  policy_config config_;
  std::vector<destination_traits> destinations_;
};

class sample_live_state final : public live_state {
 public:
  std::map<std::size_t, destination_status> destinations;
  std::map<std::pair<std::size_t, std::string>, candidate_reason> pairs;
  std::map<std::pair<std::size_t, std::string>, bool> senders;
  std::map<std::size_t, bool> full_limits;
  std::string suppression;  // why this recipient must not be mailed

  sample_live_state& out(std::size_t index, candidate_reason reason, bool panic_allowed = false) {
    destinations[index].unavailable = reason;
    destinations[index].panic_allowed = panic_allowed;
    return *this;
  }

  destination_status destination(std::size_t index, mail::traffic_stream /*stream*/) const override {
    const auto found = destinations.find(index);
    return found == destinations.end() ? destination_status{} : found->second;
  }
  candidate_reason pair(std::size_t index, std::string_view provider) const override {
    const auto found = pairs.find({index, std::string{provider}});
    return found == pairs.end() ? candidate_reason::none : found->second;
  }
  bool sender_refused(std::size_t index, std::string_view domain) const override {
    const auto found = senders.find({index, std::string{domain}});
    return found != senders.end() && found->second;
  }
  bool limit_has_room(std::size_t index, std::size_t) const override {
    const auto found = full_limits.find(index);
    return found == full_limits.end() || !found->second;
  }
  std::string_view suppressed(std::string_view, std::string_view, mail::traffic_stream, time_point) const override {
    return suppression;
  }
};

inline past_attempt an_attempt(std::string destination, mail::attempt_outcome outcome) {
  past_attempt out;
  out.destination = std::move(destination);
  out.outcome = outcome;
  return out;
}

// "mailjet" or "wait:no_destination_available".
inline std::string summary(const policy& rules, const decision& made) {
  if (const candidate* one = made.chosen()) return rules.destinations()[one->destination].name;
  return std::string{to_string(made.action)} + ":" + made.action_reason;
}

}  // namespace stellwerk::policy
