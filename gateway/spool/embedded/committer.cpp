#include "gateway/spool/embedded/committer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/planted_defect.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t cached_messages_max = 16'384;

std::size_t number_of(mail::traffic_stream stream) { return static_cast<std::size_t>(stream); }
std::size_t number_of(mail::recipient_state state) { return static_cast<std::size_t>(state); }

double seconds_between(steady_point from, steady_point to) { return std::chrono::duration<double>(to - from).count(); }

}  // namespace

bool committer::is_passing(const error& failure) {
  namespace sys = boost::system::errc;
  return failure.is(errc::store_full) || failure.code == sys::no_space_on_device ||
         failure.code == sys::too_many_files_open || failure.code == sys::too_many_files_open_in_system ||
         failure.code == boost::system::error_code{EDQUOT, boost::system::system_category()};
}

committer::committer(const committer_parts& parts, const spool_config& config, committer_hooks hooks,
                     committer_start start)
    : parts_{parts},
      config_{config},
      hooks_{std::move(hooks)},
      cache_{parts.db, cached_messages_max},
      copier_{parts.db, parts.segments, cache_, parts.log, config.segment_bytes},
      totals_{std::move(start.totals)},
      hash_seed_{start.hash_seed},
      tallies_{std::move(start.tally)} {
  for (lane_row& lane : start.lanes) lanes_.emplace(lane.id, std::move(lane));
  health_.bytes_max = config.bytes_max;
  publish_counts();
  measure();
  parts_.metrics.writable.set(1);
}

void committer::push(operation item) {
  if (!queue_.push(item)) fail(item, {errc::cancelled, "spool.commit"});
}

std::uint64_t committer::count(mail::traffic_stream stream, mail::recipient_state state) const {
  return counts_[number_of(stream)][number_of(state)].load(std::memory_order_relaxed);
}

store_health committer::health() const {
  const std::lock_guard guard{mutex_};
  store_health out = health_;
  out.body_bytes = parts_.segments.bytes_on_disk();
  out.body_bytes_live = parts_.segments.bytes_live();
  return out;
}

std::vector<lane_row> committer::lanes() const {
  const std::lock_guard guard{mutex_};
  std::vector<lane_row> out;
  out.reserve(lanes_.size());
  for (const auto& [id, lane] : lanes_) out.push_back(lane);
  return out;
}

tallies committer::tallied() const {
  const std::lock_guard guard{mutex_};
  return tallies_;
}

std::uint64_t committer::tied_to(std::string_view destination) const {
  const std::lock_guard guard{mutex_};
  return tallies_.tied_to(destination);
}

void committer::run() {
  constexpr std::chrono::milliseconds idle_max{1000};
  while (queue_.wait(has_house_work_ ? std::chrono::milliseconds{0} : idle_max)) run_once();
}

bool committer::run_once() {
  has_house_work_ = keep_house();
  std::vector<operation> batch = queue_.take({config_.batch_operations_max, config_.batch_bytes_max});
  if (condition_ == condition::full) refuse_accepts(batch);
  take_waiting(batch);
  if (batch.empty()) return has_house_work_;
  commit(std::move(batch));
  return true;
}

// Those that found no room are older than the batch, and it may hold newer changes of the same recipients.
void committer::take_waiting(std::vector<operation>& batch) {
  if (waiting_.empty() && may_try_) return;
  waiting_.insert(waiting_.end(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
  batch.clear();
  if (may_try_ || condition_ == condition::failed) batch = std::exchange(waiting_, {});
}

void committer::commit(std::vector<operation> batch) {
  if (condition_ == condition::failed) {
    for (operation& item : batch) fail(item, {errc::store_failed, "spool.commit"});
    return;
  }
  const steady_point begun = parts_.time.steady();
  batch_writer writer{context()};
  add_lanes(writer, batch);
  std::vector<answer> answers = apply(writer, batch);
  const auto stored = [](const answer& one) { return one.accepted.has_value() || one.settled.has_value(); };
  const auto applied = static_cast<std::size_t>(std::count_if(answers.begin(), answers.end(), stored));
  if (const auto written = write(writer, applied); !written) {
    on_failed(written.error(), std::move(batch), answers);
    return;
  }
  on_committed(writer);
  parts_.metrics.commits.add();
  parts_.metrics.operations.add(applied);
  parts_.metrics.refused_operations.add(answers.size() - applied);
  parts_.metrics.batch_operations.observe(static_cast<double>(answers.size()));
  parts_.metrics.commit_seconds.observe(seconds_between(begun, parts_.time.steady()));
  for (std::size_t i = 0; i < batch.size(); ++i) complete(batch[i], answers[i]);
}

batch_context committer::context() const {
  return {parts_.db,
          parts_.segments,
          cache_,
          totals_,
          tallies_,
          hash_seed_,
          config_.inline_body_max,
          config_.inline_line_max,
          config_.idempotency_retention,
          parts_.time.now()};
}

std::vector<committer::answer> committer::apply(batch_writer& writer, std::vector<operation>& batch) {
  std::vector<answer> answers(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (auto* accept = std::get_if<accept_operation>(&batch[i])) {
      answers[i].accepted = writer.accept(std::move(accept->request));
      answers[i].settled = error{};
    } else {
      answers[i].settled = writer.settle(std::get<settle_operation>(batch[i]).request);
    }
  }
  return answers;
}

void committer::add_lanes(batch_writer& writer, const std::vector<operation>& batch) {
  std::vector<lane_row> fresh = std::exchange(unwritten_lanes_, {});
  const auto note = [&](const std::vector<lane_row>& rows) { fresh.insert(fresh.end(), rows.begin(), rows.end()); };
  for (const operation& item : batch) {
    if (const auto* accept = std::get_if<accept_operation>(&item)) {
      note(accept->request.new_lanes);
    } else {
      const settle_request& request = std::get<settle_operation>(item).request;
      note(request.new_lanes);
      for (const accept_request& made : request.accepts) note(made.new_lanes);
    }
  }
  for (const lane_row& lane : fresh) writer.add_lane(lane);
  unwritten_lanes_ = std::move(fresh);  // until the batch is durable
}

result<void> committer::write(batch_writer& writer, std::size_t applied) {
  if (applied == 0 && unwritten_lanes_.empty()) return {};
  if (planted(defect::state_before_body) && !parts_.db.write(writer.finish()))
    return error{errc::store_failed, "spool"};
  if (auto bodies = parts_.segments.write_reserved(); !bodies) return bodies.error();
  return parts_.db.write(writer.finish());
}

void committer::on_committed(const batch_writer& writer) {
  totals_ = writer.totals_after();
  if (!writer.tallied().empty()) {
    const std::lock_guard guard{mutex_};
    tallies_.apply(writer.tallied());
  }
  parts_.segments.commit_round();
  cache_.end_round();
  publish_counts();
  if (!unwritten_lanes_.empty()) {
    const std::lock_guard guard{mutex_};
    for (lane_row& lane : unwritten_lanes_) lanes_.insert_or_assign(lane.id, std::move(lane));
    unwritten_lanes_.clear();
  }
  if (writer.has_ledger_rows() && hooks_.on_ledger) hooks_.on_ledger(totals_.ledger_sequence);
}

void committer::on_failed(const error& failure, std::vector<operation> batch, std::vector<answer>& answers) {
  parts_.metrics.store_errors.add();
  parts_.segments.drop_round();
  cache_.clear();
  const auto is_accept = [](const operation& item) { return std::holds_alternative<accept_operation>(item); };
  if (is_passing(failure)) {
    parts_.log.error("spool.full", {{"error", failure.message()}});
    set_condition(condition::full, "store_full");
    may_try_ = std::any_of(batch.begin(), batch.end(), is_accept);  // without the accepts the rest may fit
  } else {
    parts_.log.error("spool.failed", {{"error", failure.message()}});
    set_condition(condition::failed, "store_failed");
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const bool is_settle = !is_accept(batch[i]);
    if (is_settle ? !answers[i].settled : !answers[i].accepted) {
      complete(batch[i], answers[i]);  // refused whatever the disk does
    } else if (condition_ == condition::failed) {
      fail(batch[i], {errc::store_failed, "spool.commit"});
    } else if (is_settle) {
      waiting_.push_back(std::move(batch[i]));
    } else {
      fail(batch[i], {errc::store_full, "spool.accept"});
    }
  }
}

void committer::complete(operation& item, answer& outcome) {
  if (auto* settle = std::get_if<settle_operation>(&item)) {
    settle->done(outcome.settled);
    return;
  }
  auto& accept = std::get<accept_operation>(item);
  if (!outcome.accepted) {
    accept.done(outcome.accepted.error());
    return;
  }
  accept_result& stored = *outcome.accepted;
  if (stored.brought_again) {
    parts_.log.warning("spool.restored", {{"queue_id", stored.id.to_string()}, {"recipients", stored.restored.size()}});
  }
  accept.done(accept_answer{hooks_.make_accepted(stored.id, stored.duplicate), std::move(stored.added),
                            std::move(stored.restored)});
}

void committer::fail(operation& item, const error& failure) {
  parts_.metrics.refused_operations.add();
  if (auto* settle = std::get_if<settle_operation>(&item)) {
    settle->done(planted(defect::failed_settle_told_as_done) ? result<void>{} : failure);
  } else {
    std::get<accept_operation>(item).done(failure);
  }
}

void committer::refuse_accepts(std::vector<operation>& batch) {
  const auto is_settle = [](const operation& item) { return std::holds_alternative<settle_operation>(item); };
  const auto accepts = std::stable_partition(batch.begin(), batch.end(), is_settle);
  std::for_each(accepts, batch.end(), [this](operation& item) { fail(item, {errc::store_full, "spool.accept"}); });
  batch.erase(accepts, batch.end());
}

void committer::answer_rest() {
  const error failure =
      condition_ == condition::full ? error{errc::store_full, "spool.close"} : error{errc::cancelled, "spool.close"};
  for (operation& item : std::exchange(waiting_, {})) fail(item, failure);
}

void committer::publish_counts() {
  for (const auto& [key, count] : totals_.counts) {
    if (key.first < counts_.size() && key.second < states_max) {
      counts_[key.first][key.second].store(count, std::memory_order_relaxed);
    }
  }
  ledger_sequence_.store(totals_.ledger_sequence, std::memory_order_release);
}

}  // namespace stellwerk::spool::embedded
