// The variables and functions of conditions (contracts section 2) and which of them each place may name.
#pragma once

#include "policy/expression/schema.hpp"

namespace stellwerk::policy {

// The order of declaration: an activation is asked by these numbers.
enum class fact_slot : std::uint16_t {
  stream,
  client,
  tenant,
  ingress,
  listener,
  reverse_path,
  header_from,
  subject,
  campaign,
  template_name,
  message_id,
  header,
  headers,
  tags,
  metadata,
  size,
  recipients,
  recipient,
  mailbox_provider,
  attempt,
  age,
  now,
  name,
  zone,
  adapter,
  labels,
};
enum class fact_function : std::uint16_t { available, backlog, spent };

enum class condition_use : std::uint8_t { classify, route, refuse_route, invariant_when, invariant_only };

[[nodiscard]] const expression::schema& fact_schema(condition_use use);
// Every variable and function: for `stellwerk eval`.
[[nodiscard]] const expression::schema& whole_fact_schema();

}  // namespace stellwerk::policy
