#include "tests/simulation/watched.hpp"

#include <algorithm>
#include <utility>

#include "gateway/spool/made_message.hpp"

namespace stellwerk::simulation {
namespace {

void tell_rows(truth& told, const std::string& token, const std::vector<spool::recipient_row>& rows) {
  for (const spool::recipient_row& row : rows) {
    told.stored({token, row.address}, row.key.message, row.key.index);
    if (row.intent) told.intent_written(row.intent->attempt_id);
    if (is_final(row.state)) told.final_written(row.key.message, row.key.index, row.state);
  }
}

// "made from ID", as the message row says it.
std::optional<queue_id> cause_of(const spool::message_row& row) {
  const std::string_view prefix = "made from ";
  if (!row.stream_reason.starts_with(prefix)) return std::nullopt;
  return queue_id::parse(std::string_view{row.stream_reason}.substr(prefix.size()));
}

// The recipients whose group in the report says that they failed (RFC 3464 section 2.3).
std::vector<std::string> failed_in(std::string_view report) {
  constexpr std::string_view field = "\r\nFinal-Recipient: rfc822;";
  std::vector<std::string> failed;
  for (auto at = report.find(field); at != std::string_view::npos; at = report.find(field)) {
    report.remove_prefix(at + field.size());
    const std::string_view group = report.substr(0, report.find("\r\n\r\n"));
    std::string_view address = group.substr(0, group.find("\r\n"));
    address.remove_prefix(std::min(address.find_first_not_of(' '), address.size()));
    if (group.find("\r\nAction: failed") != std::string_view::npos) failed.emplace_back(address);
  }
  return failed;
}

}  // namespace

std::optional<notice_record> notice_in(const spool::message_row& row, const std::string& to, std::string_view content) {
  const auto cause = cause_of(row);
  if (!cause) return std::nullopt;
  notice_record notice;
  notice.token = token_of(content);
  notice.about = failed_in(content);
  notice.to = to;
  notice.cause = *cause;
  return notice;
}

void watched_store::accept(spool::accept_request request, spool::accept_completion done) {
  std::string token = token_of(*request.content);
  const auto watched = [this, token = std::move(token), rows = request.recipients, made = request.made,
                        done = std::move(done)](result<spool::accept_answer> answer) {
    if (telling_ && answer) {
      tell_rows(told_, token, answer->added);
      // Nobody could tell whose they were while their content could not be read.
      for (const spool::waiting_recipient& one : answer->restored) {
        told_.restored.emplace(one.at.key.message, one.at.key.index);
        if (const auto row = real_.load_recipient(one.at.key)) tell_rows(told_, token, {*row});
      }
      std::vector<bool> is_added;
      for (const spool::recipient_row& row : rows) {
        const auto is_row = [&](const spool::recipient_row& one) { return one.address == row.address; };
        is_added.push_back(std::any_of(answer->added.begin(), answer->added.end(), is_row));
      }
      for (spool::accept_request one : made) {
        if (spool::narrow(one, is_added)) tell_made(one);
      }
    }
    done(std::move(answer));
  };
  real_.accept(std::move(request), watched);
  pushed_();
}

void watched_store::settle(spool::settle_request request, spool::settle_completion done) {
  const auto kept = std::make_shared<const spool::settle_request>(request);
  real_.settle(std::move(request), [this, kept, done = std::move(done)](result<void> answer) {
    if (telling_ && answer) tell_settled(*kept);
    done(answer);
  });
  pushed_();
}

void watched_store::tell_settled(const spool::settle_request& request) {
  for (const spool::recipient_change& change : request.changes) {
    const spool::recipient_key& key = change.after.key;
    const bool goes_on = change.before.intent && change.after.intent;
    if (goes_on)
      told_.went_on(key.message, key.index, change.before.intent->attempt_id, change.after.intent->destination);
    if (change.before.intent) told_.outcome_written(key.message, key.index, change.before.intent->attempt_id);
    if (change.after.intent) told_.intent_written(change.after.intent->attempt_id);
    if (is_final(change.after.state)) told_.final_written(key.message, key.index, change.after.state);
  }
  for (const spool::accept_request& made : request.accepts) tell_made(made);
}

void watched_store::tell_made(const spool::accept_request& made) {
  const auto notice = notice_in(made.message, made.recipients.front().address, *made.content);
  if (notice) told_.notice_stored(*notice);
  tell_rows(told_, token_of(*made.content), made.recipients);
}

void watched_runner::run(adapters::attempt what, std::function<void(adapters::attempt_report)> done) {
  if (!running_) return;
  const std::string token = token_of(*what.content);
  std::vector<pair_key> pairs;
  for (const mail::envelope_recipient& one : what.recipients) pairs.push_back({token, one.address});
  const std::string id = what.attempt_id;
  for (const pair_key& pair : pairs) told_.attempt_started(pair, id, what.destination);
  real_.run(std::move(what),
            [this, id, pairs = std::move(pairs), done = std::move(done)](adapters::attempt_report report) {
              if (!running_) return;
              if (report.recipients.size() != pairs.size())
                told_.violation("a report for another number of recipients: " + id);
              for (std::size_t i = 0; i < pairs.size() && i < report.recipients.size(); ++i) {
                told_.attempt_ended(pairs[i], id, report.recipients[i].outcome);
              }
              done(std::move(report));
            });
}

void watched_runner::probe(const std::string& destination, std::function<void(adapters::probe_report)> done) {
  if (running_) real_.probe(destination, std::move(done));
}

void watched_runner::look_up(const std::string& destination, const std::string& attempt_id,
                             const std::string& recipient, std::function<void(adapters::lookup_report)> done) {
  if (running_) real_.look_up(destination, attempt_id, recipient, std::move(done));
}

void watched_runner::let_go(const std::string& destination, duration silence) {
  if (running_) real_.let_go(destination, silence);
}

}  // namespace stellwerk::simulation
