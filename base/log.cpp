#include "base/log.hpp"

#include <cmath>
#include <cstdio>

#include "base/text.hpp"

namespace stellwerk {
namespace {

constexpr std::size_t value_bytes_max = 512;  // a log line names things; it does not carry them

class silent_logger final : public logger {
 public:
  bool enabled(log_level /*level*/) const noexcept override { return false; }
  void write(log_level /*level*/, std::string_view /*event*/, std::span<const log_field> /*fields*/) override {}
};

void append_value(std::string& out, const log_field::value_type& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    append_json_string(out, text->size() > value_bytes_max ? text->substr(0, value_bytes_max) : *text);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    out += std::to_string(*integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    if (!std::isfinite(*number)) {
      out += "null";  // JSON has no other word for it
      return;
    }
    char buffer[32];
    const int n = std::snprintf(buffer, sizeof buffer, "%.6g", *number);
    out.append(buffer, static_cast<std::size_t>(n));
  } else {
    out += std::get<bool>(value) ? "true" : "false";
  }
}

}  // namespace

std::string_view to_string(log_level level) {
  switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::error: return "error";
  }
  return "info";
}

logger& null_logger() {
  static silent_logger instance;
  return instance;
}

std::string to_json_line(std::string_view timestamp, log_level level, std::string_view event,
                         std::span<const log_field> fields) {
  constexpr std::size_t usual_bytes = 400;
  std::string out;
  out.reserve(usual_bytes);
  out += "{\"ts\":";
  append_json_string(out, timestamp);
  out += ",\"level\":";
  append_json_string(out, to_string(level));
  out += ",\"event\":";
  append_json_string(out, event);
  for (const log_field& field : fields) {
    out += ',';
    append_json_string(out, field.key);
    out += ':';
    append_value(out, field.value);
  }
  out += "}\n";
  return out;
}

std::string redacted_address(std::string_view address) {
  if (address.empty()) return "<>";
  const auto at = address.rfind('@');
  const std::string_view domain = at == std::string_view::npos ? std::string_view{} : address.substr(at);
  const bool plain = address[0] > ' ' && address[0] < 127 && address[0] != '"';
  return std::string(plain ? 1 : 0, address[0]) + "***" + std::string{domain};
}

}  // namespace stellwerk
