// Messages made from others: bounces, delay warnings and reports of a hand-over (RFC 3464). Accepted in the batch that
// settles their cause, bound by the same invariants (tags, metadata, tenant and stream are inherited), never about a
// message from the null path.
#include <algorithm>
#include <utility>

#include "base/planted_defect.hpp"
#include "gateway/delivery/dispatcher.hpp"
#include "mail/dsn.hpp"

namespace stellwerk::delivery {
namespace {

// RFC 3464 section 2.3.6: `smtp` is for replies of that protocol alone.
std::string_view diagnostic_type(mail::said_by who) {
  switch (who) {
    case mail::said_by::us: return "x-stellwerk";
    case mail::said_by::http_peer: return "x-http";
    case mail::said_by::smtp_peer: break;
  }
  return "smtp";
}

mail::reported_recipient reported(const spool::recipient_row& row) {
  mail::reported_recipient one;
  one.address = row.address;
  one.original_recipient = row.dsn.original_recipient;
  one.status = row.enhanced_status;
  if (!row.attempts.empty()) {
    const spool::attempt_row& last = row.attempts.back();
    one.diagnostic = last.reply;
    one.diagnostic_type = diagnostic_type(last.reply_by);
    one.remote_mta = last.remote_host;
    one.last_attempt = last.ended;
  }
  return one;
}

// An attempt of unknown outcome stands in its history: nobody may say that it got nothing.
bool may_have_arrived(const spool::recipient_row& row) {
  return std::any_of(row.attempts.begin(), row.attempts.end(),
                     [](const spool::attempt_row& one) { return one.outcome == mail::attempt_outcome::unknown; });
}

bool wants_notice(const spool::message_row& message, const spool::recipient_row& row) {
  if (planted(defect::notice_to_null_path)) return !row.dsn.never;
  return message.dsn_allowed && !message.reverse_path.empty() && !row.dsn.never;
}

mail::delivery_report report_about(const spool::message_row& message, mail::report_kind kind, const std::string& node,
                                   const std::string& id, time_point now) {
  mail::delivery_report report;
  report.kind = kind;
  report.node = node;
  report.from_address = "MAILER-DAEMON@" + node;
  report.to_address = message.reverse_path;
  report.message_id = "<" + id + "@" + node + ">";
  report.date = now;
  report.queue_id = message.id.to_string();
  report.envelope_id = message.envelope_id;
  report.arrival = message.accepted;
  report.return_full = message.return_full;
  return report;
}

}  // namespace

void dispatcher::bounce_notice(settlement& work, const delivery_message& message, const spool::recipient_row& after) {
  failure_notice(work, message.row(), *message.content(), after);
}

// Whoever asked to be told of success is told that it went to where nobody will tell more: a next hop without DSN, or
// an API (RFC 3461 section 5.2.2).
void dispatcher::relayed_notice(settlement& work, const delivery_message& message, const spool::recipient_row& after) {
  if (!after.dsn.on_success || !wants_notice(message.row(), after)) return;
  const time_point now = env_.time.now();
  auto report = report_about(message.row(), mail::report_kind::relayed, env_.node_name, ids_.next().to_string(), now);
  report.original = *message.content();
  report.return_full = false;  // RET is about failures (RFC 3461 section 4.3)
  report.recipients.push_back(reported(after));
  add_notice(work, message.row(), mail::build_delivery_report(report, env_.random));
}

// A message that may be what ends the process is not looked at again: its notice returns nothing of it.
void dispatcher::poison_notice(settlement& work, const spool::message_row& message, const spool::recipient_row& after) {
  failure_notice(work, message, {}, after);
}

void dispatcher::failure_notice(settlement& work, const spool::message_row& message, std::string_view content,
                                const spool::recipient_row& after) {
  if (!wants_notice(message, after) || !after.dsn.on_failure || planted(defect::notice_forgotten)) return;
  const time_point now = env_.time.now();
  auto report = report_about(message, mail::report_kind::failed, env_.node_name, ids_.next().to_string(), now);
  report.original = content;
  mail::reported_recipient one = reported(after);
  if (after.state == mail::recipient_state::dead_lettered) {
    one.explanation =
        "Its delivery was broken off several times and is not tried any more. It may have been delivered: the outcome "
        "is not known.";
    one.status = "5.3.0";
  }
  if (after.state == mail::recipient_state::expired) {
    one.explanation = may_have_arrived(after)
                          ? "The lifetime of the message ended. An attempt may have been delivered: "
                            "its outcome is not known."
                          : "The lifetime of the message ended before it could be delivered.";
    one.status = "5.4.7";
  } else if (after.state == mail::recipient_state::discarded) {
    one.explanation = "The message was to be dropped if it could not be delivered in its time, which is over.";
    one.status = "5.4.7";
  } else if (after.state == mail::recipient_state::suppressed) {
    one.explanation = "This address is on the suppression list of this gateway: ";
    one.explanation +=
        may_have_arrived(after)
            ? "it is not tried again. An attempt before may have been delivered: its outcome is not known."
            : "nothing was sent to it.";
  }
  report.recipients.push_back(std::move(one));
  add_notice(work, message, mail::build_delivery_report(report, env_.random));
}

void dispatcher::delay_notice(settlement& work, const delivery_message& message, spool::recipient_row& after) {
  if (config_.delay_warning.count() == 0 || after.delay_warned || !after.dsn.on_delay) return;
  const time_point now = env_.time.now();
  if (!wants_notice(message.row(), after) || now - message.starts() < config_.delay_warning) return;
  after.delay_warned = true;
  auto report = report_about(message.row(), mail::report_kind::delayed, env_.node_name, ids_.next().to_string(), now);
  report.original = *message.content();
  report.recipients.push_back(reported(after));
  report.recipients.back().will_retry_until = message.row().expires;
  add_notice(work, message.row(), mail::build_delivery_report(report, env_.random));
}

void dispatcher::add_notice(settlement& work, const spool::message_row& message, std::string content) {
  if (!notices_.allow(message.reverse_path, env_.time.steady())) {
    env_.metrics.dsn_suppressed_total.add();
    return;
  }
  spool::accept_request request;
  request.message = made_from(message, ids_.next(), env_.time.now());
  request.content = std::make_shared<const std::string>(std::move(content));
  request.recipients.emplace_back().address = message.reverse_path;
  accept_made(work, std::move(request));
  env_.metrics.dsn_total.add();
}

void dispatcher::expire(settlement& work, const message_ptr& message, const spool::recipient_row& before) {
  const spool::recipient_row after = as_final(before, mail::recipient_state::expired, "lifetime", env_.time.now());
  change(work, *message, before, after, events::event_kind::disposition);
  bounce_notice(work, *message, after);
}

}  // namespace stellwerk::delivery
