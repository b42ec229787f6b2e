#include "gateway/ingress/fingerprint.hpp"

#include <openssl/evp.h>

#include "base/text.hpp"

namespace stellwerk::ingress {
namespace {

void add_control(fingerprint_builder& builder, const control_values& control) {
  builder.add(control.stream ? mail::to_string(*control.stream) : std::string_view{});
  builder.add(control.campaign);
  builder.add(control.tags.size());
  for (const std::string& tag : control.tags) builder.add(tag);
  builder.add(control.metadata.size());
  for (const auto& [key, value] : control.metadata) builder.add(key).add(value);
  builder.add(control.send_at ? to_rfc3339(*control.send_at) : std::string{});
  builder.add(control.lifetime ? static_cast<std::uint64_t>(control.lifetime->count()) : 0);
}

bool is_left_out(std::string_view name) {
  return iequals(name, "Received") || iequals(name, "Return-Path") || istarts_with(name, "X-Stellwerk-");
}

}  // namespace

fingerprint_builder::fingerprint_builder() : context_{EVP_MD_CTX_new(), EVP_MD_CTX_free} {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

fingerprint_builder& fingerprint_builder::add(std::string_view part) {
  add(static_cast<std::uint64_t>(part.size()));
  EVP_DigestUpdate(context_.get(), part.data(), part.size());
  return *this;
}

fingerprint_builder& fingerprint_builder::add(std::uint64_t part) {
  std::array<unsigned char, 8> octets{};
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet, part >>= 8)
    *octet = static_cast<unsigned char>(part & 0xff);
  EVP_DigestUpdate(context_.get(), octets.data(), octets.size());
  return *this;
}

fingerprint fingerprint_builder::finish() {
  fingerprint out{};
  EVP_DigestFinal_ex(context_.get(), out.data(), nullptr);
  return out;
}

fingerprint fingerprint_of_smtp(std::string_view reverse_path, const control_values& control,
                                const mail::header_section& header, std::string_view content) {
  fingerprint_builder builder;
  builder.add("smtp").add(reverse_path);
  add_control(builder, control);
  for (const mail::header_field& field : header.fields()) {
    if (!is_left_out(field.name)) builder.add(field.raw);
  }
  builder.add(content.substr(header.end()));
  return builder.finish();
}

}  // namespace stellwerk::ingress
