// What a condition may look at: the variables of contracts section 2, as views into a message that outlives the call.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "mail/analysed_message.hpp"
#include "mail/envelope.hpp"
#include "mail/header_section.hpp"
#include "mail/message_features.hpp"
#include "mail/submission.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::policy {

// Of the message; made once per message and shared by its recipients. Owns decoded texts, views the rest.
struct message_facts {
  queue_id id;  // nil before acceptance
  std::string_view client;
  std::string_view tenant;
  std::string_view ingress;
  std::string_view listener;
  std::string_view reverse_path;
  std::string header_from;  // local@domain of the first From mailbox; "" if none
  std::string header_from_domain;
  std::string subject;  // decoded (RFC 2047)
  std::string_view campaign;
  std::string_view template_name;
  std::string message_id;  // without angle brackets
  const mail::header_section* header = nullptr;
  const mail::message_features* features = nullptr;
  const std::vector<std::string>* tags = nullptr;
  const std::map<std::string, std::string>* metadata = nullptr;
  std::uint64_t size = 0;
  std::uint64_t recipients = 0;         // of the submission
  time_point accepted_at{};             // or send_at, if given: deadlines count from here
  std::string_view shadow_destination;  // a copy for that one's sandbox, and for nobody else; "": no copy
  bool is_notice = false;               // a report on another message: no list mail, whatever its stream
  // Names of the invariants that bound the message it was made from: they apply whatever their `when` says. Null: none.
  const std::vector<std::string>* bound_by = nullptr;
};

// Everything but the stream and client is read from `content` via `header`.
[[nodiscard]] message_facts make_message_facts(const mail::submission& submission, const mail::header_section& header,
                                               const mail::message_features& features);
// The same from what was analysed once; views into both, which outlive the facts.
[[nodiscard]] message_facts make_message_facts(const mail::submission& submission,
                                               const mail::analysed_message& analysed);

// Of one recipient of a classified message.
struct facts {
  const message_facts* message = nullptr;
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  std::string_view recipient;  // local@domain
  std::string_view recipient_local;
  std::string_view recipient_domain;
  std::string_view mailbox_provider;
  std::uint32_t attempt = 0;  // attempts already made for this recipient
  duration age{0};            // since acceptance
  // All recipients of the message are in this attempt. An API that sends by header may only be used then: it would
  // mail the others again (delivery sets false when it tries a part).
  bool sole_attempt_of_all_recipients = true;
};

[[nodiscard]] facts make_facts(const message_facts& message, mail::traffic_stream stream, std::string_view recipient);

}  // namespace stellwerk::policy
