// What changes a running gateway besides its file: the audit log every change is written to first, and the policy that
// the store owns. Everything here runs on the main thread, in order with reloads.
#include <utility>
#include <variant>

#include "base/random.hpp"
#include "gateway/admin/operator_marks.hpp"
#include "gateway/app/gateway_parts.hpp"
#include "gateway/spool/keep_note.hpp"

namespace stellwerk::app {
namespace {

constexpr std::string_view audit_head_note = "audit_head";
constexpr std::string_view policy_note = "policy";
// The main thread serves signals as well: it does not wait for a full store to have room.
constexpr duration note_patience{std::chrono::seconds{5}};

std::string in_one_line(const std::vector<config::config_fault>& faults, const std::string& file) {
  std::string text;
  for (const config::config_fault& one : faults) text += (text.empty() ? "" : "; ") + to_string(one, file);
  return text;
}

}  // namespace

std::optional<start_fault> gateway::parts::open_audit() {
  const std::string path = settings.spool.data_directory + "/audit.ndjson";
  const auto cannot = [&path](const error& failure) {
    return start_fault{exit_code::data_directory, path + ": " + failure.message()};
  };
  auto opened = spool::embedded::posix_file_system().open_append(path);
  if (!opened) return cannot(opened.error());
  audit_file = std::move(*opened);
  if (auto kept = spool::embedded::posix_file_system().sync_directory(settings.spool.data_directory); !kept)
    return cannot(kept.error());
  const auto size = audit_file->size();
  if (!size) return cannot(size.error());
  const auto text = audit_file->read_at(0, static_cast<std::size_t>(*size));
  if (!text) return cannot(text.error());
  const auto [end, complete] = events::audit_end(*text);
  if (complete < text->size()) {
    // Half a line: the process ended while it was written, and what it tells of was not done.
    log.warning("audit_torn", {{"file", path}, {"bytes", text->size() - complete}});
    if (auto cut = audit_file->truncate(complete); !cut) return cannot(cut.error());
    if (auto kept = audit_file->sync(); !kept) return cannot(kept.error());
  }
  const auto note = store->load_note(audit_head_note);
  if (!note) return cannot(note.error());
  const auto expected = *note ? events::parse_audit_head(**note) : std::nullopt;
  const auto whole = events::verify_audit(std::string_view{*text}.substr(0, complete), expected);
  if (const auto* broken = std::get_if<events::audit_fault>(&whole)) {
    log.error("audit_broken", {{"file", path}, {"line", broken->line}, {"reason", broken->reason}});
  }
  shown.audit_intact.set(std::holds_alternative<events::audit_head>(whole) ? 1 : 0);
  const auto whole_size = std::make_shared<std::uint64_t>(complete);
  audit = std::make_unique<events::audit_log>(
      time, end,
      [this, whole_size](std::string_view line) -> result<void> {
        if (auto written = audit_file->append({&line, 1}); !written) return written.error();
        if (auto kept = audit_file->sync(); !kept) return kept.error();
        *whole_size += line.size();
        return {};
      },
      [this, whole_size]() -> result<void> {
        log.warning("audit_torn", {{"file", settings.spool.data_directory + "/audit.ndjson"}, {"whole", *whole_size}});
        if (auto cut = audit_file->truncate(*whole_size); !cut) return cut.error();
        return audit_file->sync();
      },
      [this](const events::audit_head& head) {
        spool::settle_request request;
        request.notes.push_back({std::string{audit_head_note}, to_string(head)});
        request.urgent = false;
        store->settle(std::move(request), [this](result<void> kept) {
          if (!kept) log.error("audit_head_not_kept", {{"error", kept.error().message()}});
        });
      });
  return std::nullopt;
}

// The file seeds the first start; after that the store's own is in force, whatever the file says.
std::optional<start_fault> gateway::parts::adopt_stored_policy() {
  if (settings.policy_source == config::policy_source::file) return std::nullopt;
  const auto note = store->load_note(policy_note);
  if (!note) return start_fault{exit_code::data_directory, "the stored policy: " + note.error().message()};
  if (!*note) {
    auto kept = keep_note(*store, {std::string{policy_note}, settings.policy_text}, std::nullopt, note_patience);
    if (!kept)
      return start_fault{exit_code::data_directory, "the policy could not be stored: " + kept.error().message()};
    return std::nullopt;
  }
  auto made = config::load_policy_text(**note, settings.policy->destinations(), config::known_clients(settings));
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&made))
    return start_fault{exit_code::configuration, in_one_line(*faults, "the stored policy")};
  auto& loaded = std::get<config::loaded_policy>(made);
  settings.policy = std::move(loaded.policy);
  settings.findings = std::move(loaded.findings);
  settings.policy_text = **note;
  return std::nullopt;
}

std::string gateway::parts::keep_stored_policy(config::gateway_config& next) const {
  if (next.policy_source == config::policy_source::file) return "";
  auto made = config::load_policy_text(settings.policy_text, next.policy->destinations(), config::known_clients(next));
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&made))
    return in_one_line(*faults, "the stored policy");
  auto& loaded = std::get<config::loaded_policy>(made);
  next.policy = std::move(loaded.policy);
  next.findings = std::move(loaded.findings);
  next.policy_text = settings.policy_text;
  return "";
}

std::optional<start_fault> gateway::parts::write_start() {
  const auto written = audit->record(
      {"gateway.start",
       settings.node.name,
       "",
       "start",
       {{"policy_version", settings.policy->version()}, {"policy_source", to_string(settings.policy_source)}}});
  if (written) return std::nullopt;
  return start_fault{exit_code::data_directory, "the audit log cannot be written: " + written.error().message()};
}

std::optional<start_fault> gateway::parts::load_marks() {
  auto note = store->load_note(admin::operator_marks_note);
  if (!note) return start_fault{exit_code::data_directory, "operator marks: " + note.error().message()};
  marks = std::move(*note).value_or("");
  return std::nullopt;
}

std::optional<start_fault> gateway::parts::load_suppressions() {
  auto loaded = events::load_suppressions(*store, secure_seed());
  // Without the list nobody knows who must not be mailed.
  if (!loaded) return start_fault{exit_code::data_directory, "suppression list: " + loaded.error().message()};
  suppressions = std::move(*loaded);
  return std::nullopt;
}

void gateway::parts::restore_marks() {
  if (marks.empty() || admin::restore_marks(marks, dispatch->destinations(), time.now())) return;
  log.error("operator_marks_unreadable", {});
}

void gateway::parts::log_findings() {
  for (const config::config_finding& one : settings.findings) {
    log.warning("policy_finding", {{"line", one.what.at.line}, {"path", one.what.path}, {"reason", one.what.reason}});
  }
}

void gateway::parts::publish_policy() {
  log_findings();
  rules.publish(settings.policy);
  in_force.publish(std::make_shared<const config::gateway_config>(settings));
  dispatch->adopt(settings.policy, shares());
  shown.show_policy(metrics, settings.policy->version());
}

admin::policy_verdict gateway::parts::apply(const admin::policy_order& order) {
  using kind = admin::policy_verdict::kind;
  admin::policy_verdict verdict;
  verdict.version = settings.policy->version();
  const auto no = [&verdict](kind what, std::string text) {
    verdict.what = what;
    verdict.text = std::move(text);
    return verdict;
  };
  if (settings.policy_source == config::policy_source::file) return no(kind::owned_by_file, settings.file);
  if (!order.expected_version.empty() && order.expected_version != verdict.version) return no(kind::other_version, "");
  auto made = config::load_policy_text(order.text, settings.policy->destinations(), config::known_clients(settings));
  if (auto* faults = std::get_if<std::vector<config::config_fault>>(&made)) {
    verdict.faults = std::move(*faults);
    return no(kind::faulty, "");
  }
  auto& [next, findings] = std::get<config::loaded_policy>(made);
  // Nobody can mean what it says there; a file may, because nobody asks it.
  for (const config::config_finding& one : findings) {
    if (one.weight == config::config_finding::severity::fault) verdict.faults.push_back(one.what);
  }
  if (!verdict.faults.empty()) return no(kind::faulty, "");
  const auto written = audit->record(
      {"policy.apply", next->version(), order.reason, order.actor, {{"previous_version", verdict.version}}});
  if (!written) return no(kind::not_written, "the audit log could not be written: " + written.error().message());
  auto kept = keep_note(*store, {std::string{policy_note}, order.text}, settings.policy_text, note_patience);
  if (!kept) return no(kind::not_written, "the policy could not be stored: " + kept.error().message());
  settings.policy = std::move(next);
  settings.findings = std::move(findings);
  settings.policy_text = order.text;
  publish_policy();
  shown.reloads_accepted.add();
  verdict.version = settings.policy->version();
  log.info("operator_action", {{"action", "policy.apply"},
                               {"subject", verdict.version},
                               {"reason", order.reason},
                               {"actor", order.actor},
                               {"audit_sequence", written->sequence},
                               {"audit_hash", written->hash}});
  return verdict;
}

void gateway::parts::post_to_main(std::function<void()> work) {
  const std::lock_guard lock{orders_mutex};
  orders.push_back(std::move(work));
}

void gateway::parts::run_orders() {
  std::vector<std::function<void()>> taken;
  {
    const std::lock_guard lock{orders_mutex};
    taken.swap(orders);
  }
  for (const auto& work : taken) work();
}

}  // namespace stellwerk::app
