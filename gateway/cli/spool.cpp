#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/log.hpp"
#include "gateway/cli/command.hpp"
#include "gateway/cli/load_or_report.hpp"
#include "gateway/spool/spool_tools.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;

constexpr int configuration_fault = 1;
constexpr int directory_fault = 3;  // contracts: locked, corrupt or unwritable

// To standard error, as the gateway's own log.
class error_log final : public logger {
 public:
  [[nodiscard]] bool enabled(log_level level) const noexcept override { return level >= log_level::warning; }
  void write(log_level level, std::string_view event, std::span<const log_field> fields) override {
    std::cerr << to_json_line("", level, event, fields);
  }
};

struct spool_session {
  system_clock time;
  error_log log;
  spool::spool_config config;
  [[nodiscard]] spool::tool_options options() { return {config, time, log, nullptr, nullptr}; }
};

// False: said on standard error why not.
bool find_directory(const spool_arguments& arguments, const config::load_environment& environment,
                    spool_session& session) {
  if (!arguments.data_directory.empty()) {
    session.config.data_directory = arguments.data_directory;
    return true;
  }
  const auto loaded = load_or_report(arguments.config, environment);
  if (!loaded) return false;
  session.config = loaded->spool;
  return true;
}

int failed(const spool_session& session, const error& failure) {
  std::string advice;
  if (failure.is(errc::corrupt)) advice = "; try: stellwerk spool check --repair";
  if (failure.is(errc::locked)) advice = "; stop the gateway that uses it first";
  std::cerr << "stellwerk: " << session.config.data_directory << ": " << failure.message() << advice << "\n";
  return directory_fault;
}

json::array to_json(const std::vector<spool::missing_mail>& all) {
  json::array out;
  for (const spool::missing_mail& one : all) {
    json::array recipients;
    for (const std::string& address : one.recipients) recipients.emplace_back(address);
    out.push_back(
        json::object{{"queue_id", one.queue_id}, {"reason", one.reason}, {"recipients", std::move(recipients)}});
  }
  return out;
}

void print_missing(const std::vector<spool::missing_mail>& all) {
  for (const spool::missing_mail& one : all) {
    std::cout << fmt::format("{:<26} {}", one.queue_id, one.reason);
    for (const std::string& address : one.recipients) std::cout << " " << address;
    std::cout << "\n";
  }
}

void print(const spool::check_report& report, output format) {
  if (format == output::json) {
    json::object counts;
    for (const auto& [what, count] : report.faults) counts[what] = count;
    json::array listed;
    for (const spool::spool_fault& one : report.listed) {
      listed.push_back(
          json::object{{"what", one.what}, {"family", one.family}, {"subject", one.subject}, {"detail", one.detail}});
    }
    std::cout << json::serialize(json::object{{"sound", report.is_sound()},
                                              {"messages", report.messages},
                                              {"recipients", report.recipients},
                                              {"bodies", report.bodies},
                                              {"body_bytes", report.body_bytes},
                                              {"finished_recipients", report.finished_recipients},
                                              {"idempotency_keys", report.keys},
                                              {"suppressions", report.suppressions},
                                              {"faults", std::move(counts)},
                                              {"listed", std::move(listed)}})
              << "\n";
    return;
  }
  std::cout << fmt::format(
      "{} open messages, {} open recipients, {} bodies of {} bytes, {} finished recipients, {} idempotency keys, {} "
      "suppressions\n",
      report.messages, report.recipients, report.bodies, report.body_bytes, report.finished_recipients, report.keys,
      report.suppressions);
  for (const spool::spool_fault& one : report.listed) {
    std::cout << fmt::format("{:<18} {:<18} {:<30} {}\n", one.what, one.family, one.subject, one.detail);
  }
  for (const auto& [what, count] : report.faults) std::cout << fmt::format("{}: {}\n", what, count);
  std::cout << (report.is_sound() ? "sound\n" : "NOT sound: stellwerk spool check --repair salvages what it can\n");
}

void print(const spool::repair_report& report, output format) {
  if (format == output::json) {
    std::cout << json::serialize(json::object{{"messages", report.messages},
                                              {"recipients", report.recipients},
                                              {"suppressions", report.suppressions},
                                              {"bodies_found_again", report.bodies_found_again},
                                              {"unreadable_rows", report.unreadable_rows},
                                              {"unreadable_stretches", report.unreadable_stretches},
                                              {"kept_as", report.kept_as},
                                              {"missing", to_json(report.missing)}})
              << "\n";
    return;
  }
  std::cout << fmt::format(
      "{} messages with {} recipients and {} suppressions brought over, {} bodies found again, {} rows and {} "
      "stretches "
      "unreadable\n",
      report.messages, report.recipients, report.suppressions, report.bodies_found_again, report.unreadable_rows,
      report.unreadable_stretches);
  print_missing(report.missing);
  std::cout << fmt::format("{} messages missing; the damaged state is kept as {}\n", report.missing.size(),
                           report.kept_as);
}

int print(const spool::archive_report& report, output format, const char* verb) {
  if (format == output::json) {
    std::cout << json::serialize(json::object{{"messages", report.messages},
                                              {"recipients", report.recipients},
                                              {"suppressions", report.suppressions},
                                              {"already_there", report.already_there},
                                              {"not_carried", to_json(report.not_carried)}})
              << "\n";
  } else {
    std::cout << fmt::format("{} {} messages with {} recipients and {} suppressions", verb, report.messages,
                             report.recipients, report.suppressions);
    if (report.already_there > 0) std::cout << fmt::format(", {} were there already", report.already_there);
    std::cout << "\n";
    print_missing(report.not_carried);
  }
  return report.not_carried.empty() ? 0 : directory_fault;
}

}  // namespace

int spool_check(const spool_arguments& arguments, const config::load_environment& environment) {
  spool_session session;
  if (!find_directory(arguments, environment, session)) return configuration_fault;
  if (arguments.repair) {
    const auto repaired = spool::repair_spool(session.options());
    if (!repaired) return failed(session, repaired.error());
    print(*repaired, arguments.format);
  }
  const auto report = spool::check_spool(session.options());
  if (!report) return failed(session, report.error());
  print(*report, arguments.format);
  return report->is_sound() ? 0 : directory_fault;
}

int spool_export(const spool_arguments& arguments, const config::load_environment& environment) {
  spool_session session;
  if (!find_directory(arguments, environment, session)) return configuration_fault;
  const auto report = spool::export_spool(session.options(), arguments.archive);
  if (!report) return failed(session, report.error());
  return print(*report, arguments.format, "exported");
}

int spool_import(const spool_arguments& arguments, const config::load_environment& environment) {
  spool_session session;
  if (!find_directory(arguments, environment, session)) return configuration_fault;
  const auto report = spool::import_spool(session.options(), arguments.archive);
  if (!report) return failed(session, report.error());
  return print(*report, arguments.format, "imported");
}

}  // namespace stellwerk::cli
