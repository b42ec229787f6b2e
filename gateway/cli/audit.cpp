// `stellwerk audit`: the audit log of a data directory, verified and shown. Reads the file; no gateway is asked.
#include "gateway/events/audit_log.hpp"

#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/file.hpp"
#include "gateway/cli/command.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;

std::optional<std::string> read(const std::string& file) {
  auto text = read_file(file);
  if (!text) std::cerr << "stellwerk: " << file << ": cannot be read\n";
  return text;
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return "";
  return value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
}

std::string details_of(const json::object& line) {
  std::string out;
  const json::value* details = line.if_contains("details");
  if (details == nullptr || !details->is_object()) return out;
  for (const auto& [key, value] : details->get_object()) {
    out += (out.empty() ? "" : ", ") + std::string{key} + " " +
           (value.is_string() ? std::string{value.get_string()} : json::serialize(value));
  }
  return out;
}

void print_line(const json::object& line) {
  std::cout << fmt::format("{:>6} {} {:<22} {:<28} {}", text_of(line, "sequence"), text_of(line, "at"),
                           text_of(line, "action"), text_of(line, "subject"), text_of(line, "reason"));
  std::cout << "  (" << text_of(line, "actor");
  if (const std::string details = details_of(line); !details.empty()) std::cout << "; " << details;
  std::cout << ")\n";
}

}  // namespace

int audit_verify(const audit_arguments& arguments) {
  const auto text = read(arguments.file);
  if (!text) return 1;
  std::optional<events::audit_head> expected;
  if (!arguments.head.empty()) {
    expected = events::parse_audit_head(arguments.head);
    if (!expected) {
      std::cerr << "stellwerk: --head: SEQUENCE:HASH is expected\n";
      return 2;
    }
  }
  const auto found = events::verify_audit(*text, expected);
  if (const auto* fault = std::get_if<events::audit_fault>(&found)) {
    std::cerr << arguments.file << ":" << fault->line << ": " << fault->reason << "\n";
    return 1;
  }
  const auto& head = std::get<events::audit_head>(found);
  if (arguments.format == output::json) {
    std::cout << json::serialize(json::object{{"lines", head.sequence}, {"head", to_string(head)}}) << "\n";
  } else {
    std::cout << head.sequence << " lines, whole; head " << to_string(head) << "\n";
  }
  return 0;
}

int audit_list(const audit_arguments& arguments) {
  const auto text = read(arguments.file);
  if (!text) return 1;
  std::string_view rest{*text};
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (arguments.format == output::json) {
      std::cout << line << "\n";
      continue;
    }
    boost::system::error_code failure;
    const json::value parsed = json::parse(line, failure);
    if (failure || !parsed.is_object()) {
      std::cerr << arguments.file << ":" << number << ": is no line of this log\n";
      return 1;
    }
    print_line(parsed.get_object());
  }
  return 0;
}

}  // namespace stellwerk::cli
