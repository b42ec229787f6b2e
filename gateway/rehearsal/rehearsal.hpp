// rehearsal: what the gateway would do with a message, asked without sending it: the same classification and the same
// decision as in the running gateway, on whatever live state is given. `explain` prints it, `test` compares it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/config/config.hpp"
#include "gateway/rehearsal/assumption.hpp"
#include "gateway/rehearsal/given_facts.hpp"
#include "mail/analysed_message.hpp"
#include "mail/submission.hpp"
#include "policy/explain.hpp"

namespace stellwerk::rehearsal {

// What the doors read from a message's control fields; given by the process, because the doors know it.
using control_reader = std::function<std::optional<std::string>(
    const mail::header_section& header, const ingress::client_config& client, time_point now, mail::submission& into)>;

struct rehearsed_message {
  std::string content;
  std::string client;                // empty: the first configured
  std::string from;                  // empty: of the header
  std::vector<std::string> to;       // empty: of the header
  std::optional<given_facts> facts;  // instead of content, from and to
};

// Read and classified, as at a door. Its facts are views into itself.
struct prepared_message {
  prepared_message() = default;
  prepared_message(const prepared_message&) = delete;
  prepared_message& operator=(const prepared_message&) = delete;

  mail::analysed_ptr message;
  mail::submission submission;
  policy::message_facts facts;
  policy::classification stream;
  policy::explained_message shown;
  std::string client_fault;              // the doors would refuse it: why
  std::optional<std::uint32_t> attempt;  // given; else as many as the history has
  duration age{0};
};
using prepared_ptr = std::shared_ptr<const prepared_message>;

[[nodiscard]] std::variant<prepared_ptr, std::string> prepare(const config::gateway_config& settings,
                                                              const policy::policy& rules,
                                                              const rehearsed_message& what, time_point now,
                                                              const control_reader& controls);

// One decision for each recipient.
[[nodiscard]] std::vector<policy::explained_recipient> decide_all(const prepared_message& about,
                                                                  const policy::policy& rules,
                                                                  const policy::history& past,
                                                                  const policy::live_state& live, time_point now);

struct rehearsal {
  prepared_ptr message;
  std::vector<policy::explained_recipient> recipients;
};

// Both, with assumed live state.
[[nodiscard]] std::variant<rehearsal, std::string> rehearse(const config::gateway_config& settings,
                                                            const rehearsed_message& what, const assumption& assumed,
                                                            const control_reader& controls);

}  // namespace stellwerk::rehearsal
