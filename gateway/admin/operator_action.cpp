#include "gateway/admin/operator_action.hpp"

namespace stellwerk::admin {
namespace {

constexpr std::size_t reason_octets_max = 200;

void log_action(logger& log, const operator_action& what, const events::audit_head& written) {
  std::vector<log_field> fields{{"action", what.action},
                                {"subject", what.subject},
                                {"reason", what.reason},
                                {"peer", what.who.peer},
                                {"certificate", what.who.certificate},
                                {"audit_sequence", written.sequence},
                                {"audit_hash", written.hash}};
  for (const auto& [key, value] : what.details) fields.emplace_back(key, value);
  if (log.enabled(log_level::info)) log.write(log_level::info, "operator_action", fields);
}

}  // namespace

std::optional<call_fault> fault_of_reason(std::string_view reason) {
  if (reason.empty()) return call_fault{connect_code::invalid_argument, "reason: needed, others will read it"};
  if (reason.size() > reason_octets_max)
    return call_fault{connect_code::invalid_argument, "reason: longer than 200 octets"};
  return std::nullopt;
}

events::audit_entry to_audit_entry(const operator_action& what) {
  std::string actor = what.who.peer;
  if (!what.who.certificate.empty()) actor += " " + what.who.certificate;
  return {what.action, what.subject, what.reason, std::move(actor), what.details};
}

async::awaitable<std::optional<call_fault>> write_down(const admin_sources& sources, operator_action what) {
  auto record = [&audit = sources.audit, entry = to_audit_entry(what)] { return audit.record(entry); };
  const auto written = co_await sources.readers.run(record);
  if (!written) {
    co_return call_fault{connect_code::unavailable,
                         "not done: the audit log could not be written: " + written.error().message()};
  }
  log_action(sources.log, what, *written);
  co_return std::nullopt;
}

}  // namespace stellwerk::admin
