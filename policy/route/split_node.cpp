#include "policy/route/split_node.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"
#include "policy/route/sticky_hash.hpp"

namespace stellwerk::policy {
namespace {

// The larger the better; members of double weight win twice as often.
double score_of(std::string_view key, const split_node::member& one) {
  return -one.weight / std::log(sticky_unit(key, one.name));
}

std::string key_of(const facts& about, split_by by) {
  const message_facts& message = *about.message;
  switch (by) {
    case split_by::campaign:
      // Mail without a campaign would all go one way: it is shared by recipient.
      if (!message.campaign.empty()) return std::string{message.campaign};
      break;
    case split_by::message:
      // Before acceptance there is no id yet; explain shows what the Message-ID would draw.
      if (!message.id.is_nil()) return std::string{message.id.view()};
      if (!message.message_id.empty()) return message.message_id;
      break;
    case split_by::recipient: break;
  }
  return ascii_lower(about.recipient);
}

std::string_view name_of(split_by by) {
  switch (by) {
    case split_by::recipient: return "recipient";
    case split_by::message: return "message";
    case split_by::campaign: return "campaign";
  }
  return "recipient";
}

}  // namespace

void split_node::propose(const facts& about, const history&, const live_state&, time_point, proposal& out) const {
  struct scored {
    const member* one;
    double score;
  };
  const std::string key = key_of(about, by_);
  std::vector<scored> drawn;
  drawn.reserve(members_.size());
  for (const member& one : members_) {
    if (one.weight > 0) drawn.push_back({&one, score_of(key, one)});
  }
  std::sort(drawn.begin(), drawn.end(), [](const scored& a, const scored& b) {
    return a.score != b.score ? a.score > b.score : a.one->name < b.one->name;
  });
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    out.offer(drawn[i].one->index, verdict::standby, i == 0 ? candidate_reason::none : candidate_reason::weight);
  }
  for (const member& one : members_) {
    if (one.weight <= 0) out.offer(one.index, verdict::filtered, candidate_reason::weight);
  }
}

void split_node::describe(std::string& out) const {
  out += "split(";
  for (std::size_t i = 0; i < members_.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{} {}", i > 0 ? ", " : "", members_[i].name, members_[i].weight);
  }
  fmt::format_to(std::back_inserter(out), " by {})", name_of(by_));
}

}  // namespace stellwerk::policy
