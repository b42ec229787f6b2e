#include "gateway/ingress/accept_rows.hpp"

#include <algorithm>
#include <numeric>

#include "base/text.hpp"

namespace stellwerk::ingress {
namespace {

// Indices of those that stand there a second time.
std::vector<bool> repeated(const std::vector<mail::envelope_recipient>& recipients) {
  std::vector<std::size_t> order(recipients.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return recipients[a].address < recipients[b].address; });
  std::vector<bool> out(recipients.size());
  for (std::size_t i = 1; i < order.size(); ++i)
    out[order[i]] = recipients[order[i]].address == recipients[order[i - 1]].address;
  return out;
}

}  // namespace

spool::message_row make_message_row(const mail::submission& submission, const queue_id& id,
                                    const policy::classification& verdict, const policy::retry_config& retry,
                                    time_point now) {
  spool::message_row row;
  row.id = id;
  row.client = submission.client;
  row.tenant = submission.tenant;
  row.ingress = submission.ingress;
  row.listener = submission.listener;
  row.reverse_path = submission.envelope.reverse_path;
  row.smtputf8 = submission.envelope.smtputf8;
  // Undeclared is no licence to pass it to a peer that cannot take it.
  row.body_8bitmime = submission.envelope.body_8bitmime || !is_ascii(*submission.content);
  row.envelope_id = submission.envelope.envelope_id;
  row.return_full = submission.envelope.return_full;
  row.dsn_allowed = submission.dsn_allowed && !row.reverse_path.empty();
  row.stream = verdict.stream;
  row.stream_source = verdict.source;
  row.stream_reason = verdict.reason;
  row.campaign = submission.campaign;
  row.template_name = submission.template_name;
  row.tags = submission.tags;
  row.metadata = submission.metadata;
  row.accepted = now;
  row.send_at = submission.send_at;
  const time_point from = submission.send_at ? std::max(*submission.send_at, now) : now;
  row.expires = from + submission.lifetime.value_or(retry.lifetime);
  row.size = submission.content->size();
  row.idempotency_key = submission.idempotency_key;
  return row;
}

std::vector<spool::recipient_row> make_recipient_rows(const mail::submission& submission, const queue_id& id,
                                                      time_point now) {
  const bool later = submission.send_at && *submission.send_at > now;
  const auto& recipients = submission.envelope.recipients;
  const std::vector<bool> skipped = recipients.size() > 1 ? repeated(recipients) : std::vector<bool>(1);
  std::vector<spool::recipient_row> rows;
  rows.reserve(recipients.size());
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    if (skipped[i]) continue;
    spool::recipient_row& row = rows.emplace_back();
    row.key = {id, static_cast<std::uint32_t>(rows.size() - 1)};
    row.address = recipients[i].address;
    row.dsn = recipients[i].dsn;
    row.state = later ? mail::recipient_state::scheduled : mail::recipient_state::ready;
    row.due = later ? *submission.send_at : now;
    row.changed = now;
  }
  return rows;
}

void mark_refused(spool::recipient_row& row, const policy::preflight_verdict& verdict) {
  row.state = mail::recipient_state::refused;
  row.enhanced_status = verdict.size_refused ? "5.3.4" : "5.7.1";
  row.reason = verdict.rule.empty() ? verdict.reason : verdict.rule + ": " + verdict.reason;
}

}  // namespace stellwerk::ingress
