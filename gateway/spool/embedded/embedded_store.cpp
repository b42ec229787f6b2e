#include "gateway/spool/embedded/embedded_store.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/random.hpp"
#include "gateway/spool/embedded/committer.hpp"
#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/state_reader.hpp"

namespace stellwerk::spool::embedded {
namespace {

struct store_parts {
  std::unique_ptr<file_lock> lock;
  std::unique_ptr<state_db> db;
  std::unique_ptr<segment_store> segments;
};

class store_of_files final : public embedded_store {
 public:
  store_of_files(store_parts parts, committer_start start, const spool_config& config, const clock& time, logger& log,
                 const spool_metrics& metrics, const embedded_options& options)
      : parts_{std::move(parts)},
        reader_{*parts_.db, *parts_.segments, log, metrics.corrupt_records},
        committer_{
            {*parts_.db, *parts_.segments, options.files ? *options.files : posix_file_system(), time, log, metrics},
            config,
            {&store_of_files::make, options.on_health_change, options.on_ledger},
            std::move(start)} {
    if (options.thread == committer_thread::own) thread_ = std::thread{[this] { committer_.run(); }};
  }

  ~store_of_files() override { store_of_files::close(); }

  void accept(accept_request request, accept_completion done) override {
    committer_.push(accept_operation{std::move(request), std::move(done)});
  }
  void settle(settle_request request, settle_completion done) override {
    committer_.push(settle_operation{std::move(request), std::move(done)});
  }

  result<loaded_message> load_message(const queue_id& id) override { return reader_.load_message(id); }
  result<message_row> load_message_row(const queue_id& id) override { return reader_.load_message_row(id); }
  result<std::vector<recipient_row>> load_recipients(const queue_id& id) override {
    return reader_.load_recipients(id);
  }
  result<recipient_row> load_recipient(const recipient_key& key) override { return reader_.load_recipient(key); }
  result<std::vector<due_entry>> scan_lane(lane_id lane, const due_entry& from, std::size_t limit) override {
    return reader_.scan_lane(lane, from, limit);
  }
  result<std::vector<listed_recipient>> list(const message_filter& filter) override { return reader_.list(filter); }
  result<std::vector<ledger_row>> read_ledger(std::uint64_t after, std::string_view tenant,
                                              std::size_t limit) override {
    return reader_.read_ledger(after, tenant, limit);
  }
  result<std::optional<std::string>> load_note(std::string_view name) override { return reader_.load_note(name); }
  std::vector<lane_row> lanes() const override { return committer_.lanes(); }
  result<std::vector<suppression_row>> list_suppressions(const suppression_filter& filter) override {
    return reader_.list_suppressions(filter);
  }
  result<std::vector<recipient_row>> open_intents() override { return reader_.open_intents(); }
  std::uint64_t count(mail::traffic_stream stream, mail::recipient_state state) const override {
    return committer_.count(stream, state);
  }
  std::map<lane_id, std::uint64_t> in_line() const override { return committer_.tallied().in_line(); }
  std::uint64_t tied_to(std::string_view destination) const override { return committer_.tied_to(destination); }
  std::vector<usage_row> usage() const override { return committer_.tallied().usage(); }
  store_health health() const override { return committer_.health(); }
  std::uint64_t last_ledger_sequence() const override { return committer_.last_ledger_sequence(); }

  bool run_once() override { return committer_.run_once(); }

  void close() override {
    if (std::exchange(is_closed_, true)) return;
    committer_.close();
    if (thread_.joinable()) {
      thread_.join();
    } else {
      while (committer_.run_once()) {
      }
    }
    committer_.answer_rest();
  }

 private:
  static accepted_message make(queue_id id, bool duplicate) { return make_accepted(id, duplicate); }

  store_parts parts_;
  state_reader reader_;
  committer committer_;
  std::thread thread_;
  bool is_closed_ = false;
};

// The format row is written with the first start and read with every other.
result<void> check_format(state_db& db) {
  const auto value = db.get(family::meta, format_key);
  if (!value) return value.error();
  if (*value) {
    const auto format = decode_format(**value);
    if (!format) return error{errc::corrupt, "spool.open"};
    if (format->oldest_reader > our_format.format) return error{errc::unsupported, "spool.open"};
    return {};
  }
  state_batch batch{db};
  batch.put(family::meta, format_key, encode(our_format));
  batch.put(family::meta, seed_key, encode_seed(secure_seed()));
  return db.write(batch);
}

template <class Row, class Decode>
result<std::vector<Row>> read_all(const state_db& db, family which, Decode decode) {
  std::vector<Row> rows;
  for (auto at = db.walk(which, {}, {});; at.next()) {
    if (!at.valid()) {
      if (auto status = at.status(); !status) return status.error();
      return rows;
    }
    const auto value = at.value();
    if (!value || at.key().size() != 4) return error{errc::corrupt, "spool.open"};
    auto row = decode(read_be32(at.key()), *value);
    if (!row) return error{errc::corrupt, "spool.open"};
    rows.push_back(std::move(*row));
  }
}

result<segment_map> read_segments(const state_db& db) {
  using numbered = std::pair<std::uint32_t, segment_row>;
  const auto decode = [](std::uint32_t number, std::string_view value) -> std::optional<numbered> {
    const auto row = decode_segment(value);
    return row ? std::optional{numbered{number, *row}} : std::nullopt;
  };
  auto rows = read_all<numbered>(db, family::segment, decode);
  if (!rows) return rows.error();
  return segment_map{rows->begin(), rows->end()};
}

result<committer_start> read_start(const state_db& db) {
  committer_start start;
  const auto totals = db.get(family::meta, totals_key);
  if (!totals) return totals.error();
  if (*totals) {
    auto decoded = decode_totals(**totals);
    if (!decoded) return error{errc::corrupt, "spool.open"};
    start.totals = std::move(*decoded);
  }
  const auto seed = db.get(family::meta, seed_key);
  if (!seed) return seed.error();
  const auto decoded_seed = *seed ? decode_seed(**seed) : std::nullopt;
  if (!decoded_seed) return error{errc::corrupt, "spool.open"};
  start.hash_seed = *decoded_seed;
  auto lanes = read_all<lane_row>(db, family::lane, &decode_lane);
  if (!lanes) return lanes.error();
  start.lanes = std::move(*lanes);
  auto tally = tallies::read(db);
  if (!tally) return tally.error();
  start.tally = std::move(*tally);
  return start;
}

// A repair that ended between its two renames: an empty state in the place of the repaired one would forget all mail.
result<void> check_swap(file_system& files, const std::string& directory) {
  const auto names = files.list(directory);
  if (!names) return names.error();
  const auto has = [&](const char* name) { return std::find(names->begin(), names->end(), name) != names->end(); };
  if (!has("state") && has("state.repaired")) return error{errc::corrupt, "spool.open"};
  return {};
}

result<store_parts> open_parts(const spool_config& config, logger& log, const spool_metrics& metrics,
                               const embedded_options& options) {
  file_system& files = options.files ? *options.files : posix_file_system();
  store_parts parts;
  if (auto made = files.make_directory(config.data_directory); !made) return made.error();
  auto lock = files.lock(config.data_directory + "/LOCK");
  if (!lock) return lock.error();
  parts.lock = std::move(*lock);
  if (auto whole = check_swap(files, config.data_directory); !whole) return whole.error();
  state_options state;
  state.directory = config.data_directory + "/state";
  state.env = options.env;
  state.sync = config.sync;
  state.history_retention = config.history_retention;
  state.history_bytes_max = config.history_bytes_max;
  state.corrupt_records = metrics.corrupt_records;
  state.log = &log;
  auto db = state_db::open(state);
  if (!db) return db.error();
  parts.db = std::move(*db);
  if (auto checked = check_format(*parts.db); !checked) return checked.error();
  segment_options segments{config.data_directory + "/segments", config.segment_bytes, config.sync};
  parts.segments = std::make_unique<segment_store>(files, log, std::move(segments));
  return parts;
}

}  // namespace

result<std::unique_ptr<embedded_store>> open_embedded_store(const spool_config& config, const clock& time, logger& log,
                                                            const spool_metrics& metrics,
                                                            const embedded_options& options) {
  const steady_point begun = time.steady();
  const auto failed = [&](const error& failure) {
    log.error("spool.open_failed", {{"directory", config.data_directory},
                                    {"error", failure.message()},
                                    {"advice", failure.is(errc::corrupt) ? "stellwerk spool check --repair" : ""}});
    return failure;
  };
  auto parts = open_parts(config, log, metrics, options);
  if (!parts) return failed(parts.error());
  auto start = read_start(*parts->db);
  if (!start) return failed(start.error());
  auto segments = read_segments(*parts->db);
  if (!segments) return failed(segments.error());
  if (auto ready = parts->segments->recover(std::move(*segments), start->totals.next_segment); !ready) {
    return failed(ready.error());
  }
  // The names `state` and `segments` are as durable as what is acknowledged into them.
  file_system& files = options.files ? *options.files : posix_file_system();
  if (auto synced = files.sync_directory(config.data_directory); !synced) return failed(synced.error());
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(time.steady() - begun);
  log.info("spool.open", {{"directory", config.data_directory}, {"milliseconds", took.count()}});
  return std::unique_ptr<embedded_store>{
      std::make_unique<store_of_files>(std::move(*parts), std::move(*start), config, time, log, metrics, options)};
}

}  // namespace stellwerk::spool::embedded
