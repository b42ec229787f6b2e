// Messages made from others: bounces, delay warnings and reports of a hand-over (RFC 3464). Accepted in the batch that
// settles their cause, one for all recipients of a message that it settles alike; bound by the same invariants (their
// names, tags, metadata, tenant and stream are inherited), never about a message from the null path.
#include <algorithm>
#include <memory>
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

bool is_told_of_failure(const spool::message_row& message, const spool::recipient_row& row) {
  return wants_notice(message, row) && row.dsn.on_failure && !planted(defect::notice_forgotten);
}

// All that a notice says, so that it can be said again about fewer.
struct notice_text {
  mail::delivery_report report;
  mail::content_ptr original;  // what report.original points into
  std::uint64_t seed = 0;

  [[nodiscard]] mail::content_ptr about(std::vector<mail::reported_recipient> recipients) const {
    mail::delivery_report said = report;
    said.recipients = std::move(recipients);
    if (planted(defect::notice_about_first_alone)) said.recipients.resize(1);
    seeded_random random{seed};
    return std::make_shared<const std::string>(mail::build_delivery_report(said, random));
  }
};

notice_text text_about(const spool::message_row& message, mail::report_kind kind, const mail::content_ptr& content) {
  notice_text text;
  mail::delivery_report& report = text.report;
  report.kind = kind;
  report.to_address = message.reverse_path;
  report.queue_id = message.id.to_string();
  report.envelope_id = message.envelope_id;
  report.arrival = message.accepted;
  report.return_full = message.return_full && kind == mail::report_kind::failed;  // RET: RFC 3461 section 4.3
  text.original = content;
  if (content) report.original = *content;
  return text;
}

// What a failed recipient's notice says beside its attempts.
void explain(mail::reported_recipient& one, const spool::recipient_row& after) {
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
}

}  // namespace

// One for all who are bound alike: what keeps the report on one recipient at home is no matter of the report on
// another.
dispatcher::owed_notice& dispatcher::owe(settlement& work, const spool::message_row& message,
                                         const mail::content_ptr& content, mail::report_kind kind,
                                         std::vector<std::string> bound_by) {
  const auto known = std::find_if(work.notices.begin(), work.notices.end(), [&](const owed_notice& one) {
    return one.kind == kind && one.message.id == message.id && one.bound_by == bound_by;
  });
  if (known != work.notices.end()) return *known;
  return work.notices.emplace_back(owed_notice{message, content, kind, {}, {}, std::move(bound_by)});
}

// What keeps the message at home keeps the report on it there, whatever the invariant reads of it: the report has
// neither its header nor its recipients, and may return all of it.
std::vector<std::string> dispatcher::binding(const delivery_message& message,
                                             const spool::recipient_row& recipient) const {
  return rules_->binding_invariants(facts_of(message, recipient, env_.time.now()));
}

dispatcher::owed_notice* dispatcher::bounce_notice(settlement& work, const delivery_message& message,
                                                   const spool::recipient_row& after) {
  if (!is_told_of_failure(message.row(), after)) return nullptr;
  return &failure_notice(work, message.row(), message.content(), after, binding(message, after));
}

// Whoever asked to be told of success is told that it went to where nobody will tell more: a next hop without DSN, or
// an API (RFC 3461 section 5.2.2).
void dispatcher::relayed_notice(settlement& work, const delivery_message& message, const spool::recipient_row& after) {
  if (!after.dsn.on_success || !wants_notice(message.row(), after)) return;
  owe(work, message.row(), message.content(), mail::report_kind::relayed, binding(message, after))
      .recipients.push_back(reported(after));
}

// A message that may be what ends the process is not looked at again: its notice returns nothing of it, and is bound by
// whatever might bind it.
void dispatcher::poison_notice(settlement& work, const spool::message_row& message, const spool::recipient_row& after) {
  if (is_told_of_failure(message, after)) failure_notice(work, message, nullptr, after, rules_->binding_invariants());
}

dispatcher::owed_notice& dispatcher::failure_notice(settlement& work, const spool::message_row& message,
                                                    const mail::content_ptr& content, const spool::recipient_row& after,
                                                    std::vector<std::string> bound_by) {
  mail::reported_recipient one = reported(after);
  explain(one, after);
  owed_notice& owed = owe(work, message, content, mail::report_kind::failed, std::move(bound_by));
  owed.recipients.push_back(std::move(one));
  return owed;
}

void dispatcher::delay_notice(settlement& work, const delivery_message& message, spool::recipient_row& after) {
  if (config_.delay_warning.count() == 0 || after.delay_warned || !after.dsn.on_delay) return;
  const time_point now = env_.time.now();
  if (!wants_notice(message.row(), after) || now - message.starts() < config_.delay_warning) return;
  after.delay_warned = true;
  owed_notice& owed = owe(work, message.row(), message.content(), mail::report_kind::delayed, binding(message, after));
  owed.recipients.push_back(reported(after));
  owed.recipients.back().will_retry_until = message.row().expires;
}

void dispatcher::make_notices(settlement& work) {
  for (owed_notice& one : std::exchange(work.notices, {})) make_notice(work, std::move(one));
}

// What is too much for one hour is made as well, and leaves in a later one: it is as durable as its cause.
void dispatcher::make_notice(settlement& work, owed_notice owed) {
  const auto wait = notices_.admit(owed.message.reverse_path, env_.time.steady());
  if (!wait) {
    env_.metrics.dsn_suppressed_total.add();
    return;
  }
  const time_point now = env_.time.now();
  spool::accept_request request;
  request.message = made_from(owed.message, ids_.next(), now);
  request.message.is_notice = true;
  request.message.bound_by = std::move(owed.bound_by);
  if (wait->count() > 0) {
    request.message.send_at = now + *wait;
    env_.metrics.dsn_delayed_total.add();
  }
  request.recipients.emplace_back().address = owed.message.reverse_path;
  notice_text text = text_about(owed.message, owed.kind, owed.content);
  text.report.node = env_.node_name;
  text.report.from_address = "MAILER-DAEMON@" + env_.node_name;
  text.report.message_id = "<" + request.message.id.to_string() + "@" + env_.node_name + ">";
  text.report.date = now;
  text.seed = env_.random.next();
  request.content = text.about(owed.recipients);
  request.about = std::move(owed.about);
  if (request.about.size() > 1) {
    request.content_about = [text = std::move(text), all = std::move(owed.recipients)](const auto& places) {
      std::vector<mail::reported_recipient> some;
      for (const std::size_t place : places) some.push_back(all.at(place));
      return text.about(std::move(some));
    };
  }
  accept_made(work, std::move(request));
  env_.metrics.dsn_total.add();
}

void dispatcher::expire(settlement& work, const message_ptr& message, const spool::recipient_row& before) {
  const spool::recipient_row after = as_final(before, mail::recipient_state::expired, "lifetime", env_.time.now());
  change(work, *message, before, after, events::event_kind::disposition);
  bounce_notice(work, *message, after);
}

}  // namespace stellwerk::delivery
