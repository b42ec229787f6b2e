// `stellwerk suppressions`: who must not be mailed, at a running gateway. An import goes in calls of a thousand, each
// durable or not taken at all; importing again changes nothing, so one that breaks off is repeated.
#include <algorithm>
#include <functional>
#include <iostream>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "gateway/cli/admin_client.hpp"
#include "gateway/cli/command.hpp"
#include "mail/address.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;

constexpr int call_rows = 1000;

std::string text_of(const json::object& object, std::string_view key, std::string_view absent = "") {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{absent};
}

// Numbers of 64 bits are texts in protobuf JSON; 0 is left out.
std::uint64_t number_of(const json::object& object, std::string_view key) {
  return parse_decimal(text_of(object, key)).value_or(0);
}

void print(const json::object& one) {
  std::cout << fmt::format("{:<34} {:<12} {:<14} {:<12} {:<24} {:<24} {:<12} {}\n", text_of(one, "address"),
                           text_of(one, "tenant", "*"), text_of(one, "scope"), text_of(one, "reason"),
                           text_of(one, "createTime"), text_of(one, "expireTime", "-"), text_of(one, "source"),
                           text_of(one, "note"));
}

// At most `limit` rows, page by page; false: said on standard error why not.
bool each_row(const suppression_arguments& arguments, std::uint64_t limit,
              const std::function<void(const json::object& row)>& visit) {
  std::string token;
  for (std::uint64_t left = limit; left > 0;) {
    const json::object request{{"tenant", arguments.tenant},
                               {"address", arguments.address},
                               {"pageSize", std::min<std::uint64_t>(left, call_rows)},
                               {"pageToken", token}};
    const auto body = call_admin(arguments.admin, "SuppressionService/ListSuppressions", json::serialize(request));
    if (!body) return false;
    const json::object answer = json::parse(*body).as_object();
    if (const json::value* rows = answer.if_contains("suppressions")) {
      for (const json::value& row : rows->get_array()) {
        visit(row.get_object());
        --left;
      }
    }
    token = text_of(answer, "nextPageToken");
    if (token.empty()) break;
  }
  return true;
}

// Without what is not given: the gateway has the defaults.
json::object row_of(const suppression_arguments& arguments, std::string_view address) {
  json::object row{{"address", address}};
  const auto put = [&row](const char* key, const std::string& value) {
    if (!value.empty()) row[key] = value;
  };
  put("tenant", arguments.tenant);
  put("scope", arguments.scope);
  put("reason", arguments.because);
  put("source", arguments.source);
  put("expireTime", arguments.expires);
  return row;
}

struct counts {
  std::uint64_t first = 0;   // added, removed
  std::uint64_t second = 0;  // replaced, absent
};

// One call; false: said on standard error why not.
bool send_rows(const suppression_arguments& arguments, const char* method, json::array rows, counts& done) {
  const bool adds = std::string_view{method} == "AddSuppressions";
  const json::object request{{"suppressions", std::move(rows)}, {"reason", arguments.reason}};
  const auto body = call_admin(arguments.admin, std::string{"SuppressionService/"} + method, json::serialize(request));
  if (!body) return false;
  const json::object answer = json::parse(*body).as_object();
  done.first += number_of(answer, adds ? "added" : "removed");
  done.second += number_of(answer, adds ? "replaced" : "absent");
  return true;
}

void report(const suppression_arguments& arguments, const counts& done, const char* first, const char* second) {
  if (arguments.admin.format == output::json) {
    std::cout << json::serialize(json::object{{first, done.first}, {second, done.second}}) << "\n";
  } else {
    std::cout << done.first << " " << first << ", " << done.second << " " << second << "\n";
  }
}

// The addresses of the command line, as one call where they fit.
int change(const suppression_arguments& arguments, const char* method, counts& done) {
  json::array rows;
  for (const std::string& address : arguments.addresses) rows.push_back(row_of(arguments, address));
  return send_rows(arguments, method, std::move(rows), done) ? 0 : 1;
}

// Takes a file line by line and sends it in pieces. After a fault nothing more is sent.
class importer {
 public:
  explicit importer(const suppression_arguments& arguments) : arguments_{arguments} {}

  void take(std::string_view given) {
    ++line_;
    const std::string_view line = trim(given);
    if (failed_ || line.empty() || line.front() == '#') return;
    if (rows_.empty()) first_line_ = line_;
    line.front() == '{' ? take_object(line) : take_address(line);
    if (rows_.size() == call_rows) send();
  }

  void finish() {
    if (!failed_ && !rows_.empty()) send();
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const counts& done() const { return done_; }

 private:
  void take_object(std::string_view line) {
    json::error_code fault;
    json::value row = json::parse(json::string_view{line.data(), line.size()}, fault);
    if (fault || !row.is_object()) return fail("a JSON object is expected");
    const std::string address = text_of(row.get_object(), "address");
    check_and_add(address, std::move(row.get_object()));
  }
  void take_address(std::string_view line) { check_and_add(std::string{line}, row_of(arguments_, line)); }

  void check_and_add(const std::string& address, json::object row) {
    if (!mail::parse_address(address)) return fail("no address: '" + address + "'");
    rows_.push_back(std::move(row));
  }

  void send() {
    if (send_rows(arguments_, "AddSuppressions", std::exchange(rows_, {}), done_)) return;
    std::cerr << "stellwerk: " << arguments_.file << ": nothing of lines " << first_line_ << " to " << line_
              << " was taken\n";
    failed_ = true;
  }

  void fail(const std::string& reason) {
    std::cerr << "stellwerk: " << arguments_.file << ":" << line_ << ": " << reason << "\n";
    failed_ = true;
  }

  const suppression_arguments& arguments_;
  json::array rows_;
  std::uint64_t line_ = 0;
  std::uint64_t first_line_ = 0;
  counts done_;
  bool failed_ = false;
};

}  // namespace

int suppressions_list(const suppression_arguments& arguments) {
  const bool as_json = arguments.admin.format == output::json;
  if (!as_json) {
    std::cout << fmt::format("{:<34} {:<12} {:<14} {:<12} {:<24} {:<24} {:<12} {}\n", "ADDRESS", "TENANT", "SCOPE",
                             "REASON", "SINCE", "UNTIL", "SOURCE", "NOTE");
  }
  const auto limit = static_cast<std::uint64_t>(std::max(arguments.limit, 0));
  return each_row(
             arguments, limit,
             [&](const json::object& row) { as_json ? void(std::cout << json::serialize(row) << "\n") : print(row); })
             ? 0
             : 1;
}

int suppressions_add(const suppression_arguments& arguments) {
  counts done;
  if (const int code = change(arguments, "AddSuppressions", done); code != 0) return code;
  report(arguments, done, "added", "replaced");
  return 0;
}

// 1: not all of them were there.
int suppressions_remove(const suppression_arguments& arguments) {
  counts done;
  if (const int code = change(arguments, "RemoveSuppressions", done); code != 0) return code;
  report(arguments, done, "removed", "absent");
  return done.second == 0 ? 0 : 1;
}

int suppressions_import(const suppression_arguments& arguments) {
  importer taking{arguments};
  if (!read_lines(arguments.file, [&](std::string_view line) { taking.take(line); })) {
    std::cerr << "stellwerk: " << arguments.file << ": cannot be read\n";
    return 1;
  }
  taking.finish();
  report(arguments, taking.done(), "added", "replaced");
  return taking.failed() ? 1 : 0;
}

// To standard output; 1 also when not all of it could be written.
int suppressions_export(const suppression_arguments& arguments) {
  const bool complete = each_row(arguments, std::numeric_limits<std::uint64_t>::max(),
                                 [](const json::object& row) { std::cout << json::serialize(row) << "\n"; });
  std::cout.flush();
  if (!std::cout) std::cerr << "stellwerk: the list could not be written\n";
  return complete && std::cout ? 0 : 1;
}

}  // namespace stellwerk::cli
