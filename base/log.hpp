// Typed log events. One event per change of state; fields are names and values, never prose to be matched.
//
// Peer text and addresses go through `redacted_address` or `foreign` fields: the sink escapes control characters,
// invalid UTF-8 and bidirectional marks, and cuts. Thread rule: `write` is safe from any thread and never blocks on
// the log target for long.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace stellwerk {

enum class log_level : std::uint8_t { debug, info, warning, error };
[[nodiscard]] std::string_view to_string(log_level level);

struct log_field {
  using value_type = std::variant<std::string_view, std::int64_t, double, bool>;
  log_field(std::string_view key_in, std::string_view value_in) : key{key_in}, value{value_in} {}
  log_field(std::string_view key_in, const char* value_in) : key{key_in}, value{std::string_view{value_in}} {}
  log_field(std::string_view key_in, const std::string& value_in) : key{key_in}, value{std::string_view{value_in}} {}
  log_field(std::string_view key_in, bool value_in) : key{key_in}, value{value_in} {}
  log_field(std::string_view key_in, double value_in) : key{key_in}, value{value_in} {}
  template <class Integer>
  requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
      log_field(std::string_view key_in, Integer value_in)
      : key{key_in}, value{static_cast<std::int64_t>(value_in)} {}

  std::string_view key;
  value_type value;
};

class logger {
 public:
  virtual ~logger() = default;
  [[nodiscard]] virtual bool enabled(log_level level) const noexcept = 0;
  virtual void write(log_level level, std::string_view event, std::span<const log_field> fields) = 0;

  void debug(std::string_view event, std::initializer_list<log_field> fields = {}) {
    emit(log_level::debug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<log_field> fields = {}) {
    emit(log_level::info, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<log_field> fields = {}) {
    emit(log_level::warning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<log_field> fields = {}) {
    emit(log_level::error, event, fields);
  }

 private:
  void emit(log_level level, std::string_view event, std::initializer_list<log_field> fields) {
    if (enabled(level)) write(level, event, {fields.begin(), fields.size()});
  }
};

// Swallows everything; the default of unit tests.
[[nodiscard]] logger& null_logger();

// One JSON object: {"ts":..., "level":..., "event":..., fields}. Control characters, invalid UTF-8 and bidirectional
// marks are escaped; each value is cut at 512 bytes.
[[nodiscard]] std::string to_json_line(std::string_view timestamp, log_level level, std::string_view event,
                                       std::span<const log_field> fields);

// "j***@example.org": enough to see which provider and to correlate, not enough to mail.
[[nodiscard]] std::string redacted_address(std::string_view address);

}  // namespace stellwerk
