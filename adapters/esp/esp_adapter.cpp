#include "adapters/esp/esp_adapter.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "adapters/esp/relay_content.hpp"
#include "base/planted_defect.hpp"

namespace stellwerk::adapters::esp {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;

mail::recipient_outcome unsent(attempt_outcome outcome, std::string why) {
  mail::recipient_outcome fate;
  fate.outcome = outcome;
  fate.stage = attempt_stage::request;
  fate.reply = std::move(why);
  return fate;
}

attempt_report same_for_all(const attempt& what, const mail::recipient_outcome& fate) {
  attempt_report report;
  report.recipients.assign(what.recipients.size(), fate);
  return report;
}

// How far the request went decides between "certainly not sent" and "unknown".
mail::recipient_outcome outcome_of_failure(const net::http_exchange& exchange) {
  mail::recipient_outcome fate = unsent(attempt_outcome::deferred_destination, exchange.failure.message());
  switch (exchange.stage) {
    case net::http_stage::not_connected:
      fate.stage = attempt_stage::connect;
      fate.connect_class = true;
      break;
    case net::http_stage::not_sent: break;
    case net::http_stage::sent:
    case net::http_stage::answered:
      if (planted(defect::lost_after_request_is_not_sent)) break;
      fate.stage = attempt_stage::response;
      fate.outcome = attempt_outcome::unknown;
      break;
  }
  return fate;
}

vendor_answer answer_of(net::http_exchange exchange) {
  vendor_answer answer;
  answer.status = exchange.response.status;
  for (net::http_field& field : exchange.response.fields) {
    answer.fields.push_back(vendor_field{std::move(field.name), std::move(field.value)});
  }
  answer.body = std::move(exchange.response.body);
  answer.body_cut = exchange.body_cut;
  return answer;
}

mail::recipient_outcome outcome_of_refusal(const cannot_carry& refusal) {
  if (refusal.refused_point.empty())
    return unsent(attempt_outcome::adapter_fault, "not for the API: " + refusal.detail);
  mail::recipient_outcome fate = unsent(attempt_outcome::rejected_message, "not for the API: " + refusal.detail);
  fate.refused_point = refusal.refused_point;
  return fate;
}

}  // namespace

esp_adapter::esp_adapter(async::executor owner, esp_endpoint endpoint, std::unique_ptr<const mapping> vendor,
                         std::unique_ptr<net::http_client> client, std::unique_ptr<adapter> relay, const clock& time)
    : owner_{owner},
      endpoint_{std::move(endpoint)},
      vendor_{std::move(vendor)},
      client_{std::move(client)},
      relay_{std::move(relay)},
      clock_{time},
      gathering_{vendor_->limits(), endpoint_.requests_max} {}

async::awaitable<attempt_report> esp_adapter::deliver(attempt what) {
  if (!what.content) co_return same_for_all(what, unsent(attempt_outcome::adapter_fault, "the attempt has no content"));
  if (what.way == delivery_way::relay) {
    attempt_report report = co_await deliver_by_relay(std::move(what));
    co_return report;
  }
  entry_result built = vendor_->build_entry(what);
  if (const auto* refusal = std::get_if<cannot_carry>(&built)) {
    if (!relay_) co_return same_for_all(what, outcome_of_refusal(*refusal));
    attempt_report report = co_await deliver_by_relay(std::move(what));
    co_return report;
  }
  part mine{owner_, std::move(what), std::get<vendor_entry>(std::move(built))};
  co_await deliver_by_api(mine);
  co_return std::move(*mine.report);
}

async::awaitable<void> esp_adapter::deliver_by_api(part& mine) {
  if (gathering_.arrive(mine)) {
    // Whatever else arrives in this turn of the loop comes along.
    const async::completion<bool> next_turn{owner_};
    next_turn.set(true);
    static_cast<void>(co_await next_turn.wait());
  } else {
    static_cast<void>(co_await mine.called.wait());
  }
  while (!mine.report) co_await lead(mine);
}

async::awaitable<void> esp_adapter::lead(part& mine) {
  std::vector<part*> batch = gathering_.set_out(mine);
  call_leaders();  // what did not fit
  std::string broken;
  try {
    co_await send_batch(batch);
  } catch (const std::exception& failure) {
    broken = failure.what();
  }
  gathering_.returned();
  for (part* one : batch) {
    // Nothing told how far the request went.
    if (!one->report && !broken.empty())
      one->report = same_for_all(one->what, unsent(attempt_outcome::unknown, "the request broke: " + broken));
    if (one == &mine) continue;
    if (one->report) {
      one->called.set_here(true);
    } else {
      gathering_.send_apart(*one);
    }
  }
  // The leader that is to be sent apart goes on at once, in the place of the request that returned.
  if (!mine.report) gathering_.keep_place(mine);
  call_leaders();
}

void esp_adapter::call_leaders() {
  while (part* next = gathering_.next_leader()) next->called.set_here(true);
}

async::awaitable<void> esp_adapter::send_batch(const std::vector<part*>& batch) {
  const steady_point start = clock_.steady();
  std::vector<part*> sent;
  std::vector<const vendor_entry*> entries;
  for (part* one : batch) {
    // The attempt's own deadline never cuts the wait for an answer: that would only turn it into "unknown".
    if (one->what.deadline != steady_point{} && start >= one->what.deadline) {
      one->report = same_for_all(one->what, unsent(attempt_outcome::deferred_destination, "the attempt came too late"));
      continue;
    }
    sent.push_back(one);
    entries.push_back(&one->entry);
  }
  if (sent.empty()) co_return;
  vendor_request request = vendor_->join(entries);
  net::http_exchange exchange = co_await send(std::move(request), start + endpoint_.timeout);
  read_fates(sent, std::move(exchange), start);
}

void esp_adapter::read_fates(const std::vector<part*>& sent, net::http_exchange exchange, steady_point start) {
  if (exchange.stage != net::http_stage::answered) {
    for (part* one : sent) one->report = same_for_all(one->what, outcome_of_failure(exchange));
    return;
  }
  std::vector<const attempt*> attempts;
  for (const part* one : sent) attempts.push_back(&one->what);
  batch_reading reading = vendor_->read_response(attempts, answer_of(std::move(exchange)));
  if (reading.send_apart) return;  // without reports
  const duration first_reply = std::chrono::duration_cast<duration>(clock_.steady() - start);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    attempt_report report;
    report.host = endpoint_.host;
    report.first_reply = first_reply;
    report.recipients = std::move(reading.fates[i]);
    for (mail::recipient_outcome& one : report.recipients)
      one.remote_host = endpoint_.host.substr(0, endpoint_.host.rfind(':'));
    sent[i]->report = std::move(report);
  }
}

async::awaitable<attempt_report> esp_adapter::deliver_by_relay(attempt what) {
  if (!relay_) co_return same_for_all(what, unsent(attempt_outcome::adapter_fault, "no relay is configured"));
  what.content = mark_content(*what.content, vendor_->mark_for_relay(what));
  what.way = delivery_way::main;
  attempt_report report = co_await relay_->deliver(std::move(what));
  co_return report;
}

async::awaitable<net::http_exchange> esp_adapter::send(vendor_request request, steady_point deadline) {
  net::http_request wire;
  wire.method = std::move(request.method);
  wire.target = endpoint_.path + request.target;
  for (vendor_field& field : request.fields) {
    wire.fields.push_back(net::http_field{std::move(field.name), std::move(field.value)});
  }
  wire.body = std::move(request.body);
  net::http_exchange exchange = co_await client_->send(std::move(wire), deadline);
  co_return exchange;
}

async::awaitable<probe_report> esp_adapter::probe(steady_point deadline) {
  vendor_request request = vendor_->build_probe();
  net::http_exchange exchange = co_await send(std::move(request), deadline);
  probe_report report;
  if (exchange.stage != net::http_stage::answered) {
    report.outcome = outcome_of_failure(exchange);
    co_return report;
  }
  const vendor_answer answer = answer_of(std::move(exchange));
  report.healthy = answer.status >= 200 && answer.status < 300;
  if (!report.healthy) report.outcome = classify_status(answer);
  co_return report;
}

async::awaitable<lookup_report> esp_adapter::look_up(std::string attempt_id, std::string recipient,
                                                     steady_point deadline) {
  lookup_report report;
  std::optional<vendor_request> request = vendor_->build_lookup(attempt_id);
  if (!request) co_return report;
  net::http_exchange exchange = co_await send(std::move(*request), deadline);
  report.answer = lookup_answer::failed;
  if (exchange.stage != net::http_stage::answered) co_return report;
  const vendor_answer answer = answer_of(std::move(exchange));
  report = vendor_->read_lookup(attempt_id, recipient, answer);
  co_return report;
}

void esp_adapter::close_idle() {
  if (relay_) relay_->close_idle();
}

// A request is on its way as soon as it is begun; only the relay's dialogue has waits before anything is committed.
void esp_adapter::let_go(duration silence) {
  if (relay_) relay_->let_go(silence);
}

}  // namespace stellwerk::adapters::esp
