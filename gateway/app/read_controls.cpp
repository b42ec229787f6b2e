#include "gateway/app/read_controls.hpp"

#include "gateway/ingress/control_headers.hpp"

namespace stellwerk::app {

std::optional<std::string> read_controls(const mail::header_section& header, const ingress::client_config& client,
                                         time_point now, mail::submission& into) {
  auto read = ingress::read_control_headers(header, now);
  if (const auto* fault = std::get_if<ingress::control_fault>(&read)) return fault->field + ": " + fault->reason;
  auto& values = std::get<ingress::control_values>(read);
  if (client.may_choose_stream) into.requested_stream = values.stream;
  into.campaign = std::move(values.campaign);
  into.tags = std::move(values.tags);
  into.metadata = std::move(values.metadata);
  into.send_at = values.send_at;
  into.lifetime = values.lifetime;
  return std::nullopt;
}

}  // namespace stellwerk::app
