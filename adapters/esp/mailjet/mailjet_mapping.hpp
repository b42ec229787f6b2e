// Mailjet, Send API v3.1: /v3.1/send for mail, /v3/REST/message for look-ups by CustomID.
//
// One entry of `Messages` per attempt, up to 50 entries and 50 recipients in a request. All the attempt's recipients in
// To, Cc and Bcc of that entry as the header section names them; CustomID is the attempt id. The vendor has no
// idempotency key.
#pragma once

#include <string>
#include <vector>

#include "adapters/esp/mapping.hpp"

namespace stellwerk::adapters::esp::mailjet {

inline constexpr std::string_view default_url = "https://api.mailjet.com";

struct account {
  std::string api_key;
  std::string secret_key;
  bool sandbox = false;  // validate, deliver nothing
};

class mailjet_mapping final : public mapping {
 public:
  explicit mailjet_mapping(account whose) : account_{std::move(whose)} {}

  [[nodiscard]] batch_limits limits() const override;
  [[nodiscard]] entry_result build_entry(const attempt& what) const override;
  [[nodiscard]] vendor_request join(std::span<const vendor_entry* const> entries) const override;
  [[nodiscard]] batch_reading read_response(std::span<const attempt* const> sent,
                                            const vendor_answer& answer) const override;
  [[nodiscard]] std::optional<vendor_request> build_lookup(std::string_view attempt_id) const override;
  [[nodiscard]] lookup_report read_lookup(std::string_view attempt_id, std::string_view recipient,
                                          const vendor_answer& answer) const override;
  [[nodiscard]] vendor_request build_probe() const override;
  [[nodiscard]] relay_marks mark_for_relay(const attempt& what) const override;

 private:
  [[nodiscard]] vendor_request authorised(std::string method, std::string target) const;

  account account_;
};

[[nodiscard]] mail::capabilities api_capabilities();
[[nodiscard]] mail::capabilities relay_capabilities();
// Header fields that the API refuses, sets itself or carries elsewhere; lower case, sorted.
[[nodiscard]] const std::vector<std::string>& refused_fields();

}  // namespace stellwerk::adapters::esp::mailjet
