// What makes two submissions with one idempotency key the same request: SHA-256 over the request before anything was
// generated (architecture section 6).
//
// Every part is written with its length, so that no two requests share a byte sequence. Thread rule: values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "gateway/ingress/control_headers.hpp"
#include "mail/header_section.hpp"

struct evp_md_ctx_st;

namespace stellwerk::ingress {

using fingerprint = std::array<std::uint8_t, 32>;

class fingerprint_builder {
 public:
  fingerprint_builder();
  fingerprint_builder& add(std::string_view part);
  fingerprint_builder& add(std::uint64_t part);
  [[nodiscard]] fingerprint finish();  // once

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// SMTP: reverse path, control headers, content without Received, Return-Path and X-Stellwerk-* fields: a local MTA that
// repeats or splits a message adds its own trace. The recipients are left out: they may differ between the parts.
[[nodiscard]] fingerprint fingerprint_of_smtp(std::string_view reverse_path, const control_values& control,
                                              const mail::header_section& header, std::string_view content);

}  // namespace stellwerk::ingress
