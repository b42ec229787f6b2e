// repair_spool: a new state out of everything that can be read of the old one. Rows of messages, recipients, lanes,
// bodies, history, ledger, keys and suppressions are taken over; what follows from them (due, intent, expiry, segment
// accounts, counts) is made anew. The old state is kept beside it, so that nothing is thrown away by a tool. See
// "Repair" in FORMAT.md.
#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/random.hpp"
#include "gateway/spool/embedded/body_search.hpp"
#include "gateway/spool/embedded/closed_store.hpp"
#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/message_cache.hpp"
#include "gateway/spool/embedded/row_walk.hpp"
#include "gateway/spool/embedded/segment_record.hpp"
#include "gateway/spool/embedded/state_options.hpp"
#include "gateway/spool/embedded/tallies.hpp"

namespace stellwerk::spool::embedded {
namespace {

using mail::recipient_state;

constexpr std::size_t batch_rows_max = 2000;

rocksdb::Env& env_of(const tool_options& options) {
  return options.env == nullptr ? *rocksdb::Env::Default() : *options.env;
}

result<void> copy_directory(rocksdb::Env& env, const std::string& from, const std::string& to) {
  std::vector<std::string> names;
  if (!env.GetChildren(from, &names).ok() || !env.CreateDirIfMissing(to).ok())
    return error{errc::store_failed, "spool.repair"};
  for (const std::string& name : names) {
    if (name == "LOCK" || name == "." || name == "..") continue;
    std::string content;
    if (!rocksdb::ReadFileToString(&env, from + "/" + name, &content).ok())
      continue;  // unreadable: left out of the copy
    if (!rocksdb::WriteStringToFile(&env, content, to + "/" + name, true).ok())
      return error{errc::store_failed, "spool.repair"};
  }
  return {};
}

void remove_directory(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  if (!env.GetChildren(path, &names).ok()) return;
  for (const std::string& name : names) (void)env.DeleteFile(path + "/" + name);
  (void)env.DeleteDir(path);
}

// The damaged state, opened for reading by the first of: as it is, its list of files rebuilt on a copy.
result<std::unique_ptr<state_db>> open_damaged(const tool_options& options, const std::string& copy) {
  state_options state = state_options_of(options);
  state.read_only = true;
  state.salvage = true;
  auto opened = state_db::open(state);
  if (opened) return opened;
  rocksdb::Env& env = env_of(options);
  if (auto copied = copy_directory(env, state.directory, copy); !copied) return copied.error();
  state.directory = copy;
  const state_memory memory = make_state_memory();
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto which = static_cast<family>(i);
    families.emplace_back(name_of(which), family_options(which, state, memory));
  }
  state.read_only = false;
  rocksdb::DBOptions database = database_options(state, memory);
  const auto files = make_state_files(env, {}, log_reading::mended);
  database.env = files.get();
  const rocksdb::Status repaired = rocksdb::RepairDB(copy, database, families);
  if (!repaired.ok()) return to_error(repaired, "spool.repair");
  return state_db::open(state);  // writable: families without a table are made again
}

class repair {
 public:
  repair(const tool_options& options, const state_db& from, state_db& to)
      : options_{options},
        from_{from},
        to_{to},
        batch_{std::make_unique<state_batch>(to)},
        segments_{files_of(options),
                  options.log,
                  {options.config.data_directory + "/segments", options.config.segment_bytes, true}},
        bodies_{files_of(options), options.config.data_directory + "/segments"} {}

  result<repair_report> run() {
    for (const auto step :
         {&repair::take_meta, &repair::take_lanes, &repair::take_messages, &repair::find_lost_messages,
          &repair::take_history, &repair::take_keys, &repair::take_suppressions, &repair::put_accounts}) {
      if (auto done = (this->*step)(); !done) return done.error();
    }
    if (auto written = flush_batch(0); !written) return written.error();
    if (auto flushed = to_.flush(); !flushed) return flushed.error();
    return std::move(report_);
  }

 private:
  void put(family which, std::string_view key, std::string value) {
    batch_->put(which, key, std::move(value));
    ++batch_rows_;
  }

  result<void> flush_batch(std::size_t rows_max) {
    if (batch_rows_ <= rows_max || batch_->empty()) return {};
    if (auto written = to_.write(*batch_); !written) return written.error();
    batch_ = std::make_unique<state_batch>(to_);
    batch_rows_ = 0;
    return {};
  }

  result<void> walk(family which, const std::function<void(std::string_view, std::string_view)>& visit) {
    result<void> written;
    const auto gaps = walk_rows(from_, which, [&](std::string_view key, std::optional<std::string_view> value) {
      if (!written) return;
      if (!value) {
        ++report_.unreadable_rows;
        return;
      }
      visit(key, *value);
      written = flush_batch(batch_rows_max);
    });
    if (!gaps) return gaps.error();
    report_.unreadable_stretches += *gaps;
    return written;
  }

  result<void> take_meta() {
    put(family::meta, format_key, encode(our_format));
    const auto seed = from_.get(family::meta, seed_key);
    const auto known = seed && *seed ? decode_seed(**seed) : std::nullopt;
    has_seed_ = known.has_value();  // without it nobody can look an old key up
    put(family::meta, seed_key, encode_seed(known ? *known : secure_seed()));
    for (auto at = from_.walk(family::meta, note_prefix, after_prefix(note_prefix)); at.valid(); at.next()) {
      if (const auto note = at.value()) put(family::meta, at.key(), std::string{*note});
    }
    const auto totals = from_.get(family::meta, totals_key);
    auto decoded = totals && *totals ? decode_totals(**totals) : std::nullopt;
    if (decoded) totals_ = std::move(*decoded);
    std::erase_if(totals_.counts,
                  [](const auto& one) { return !mail::is_final(static_cast<recipient_state>(one.first.second)); });
    return {};
  }

  result<void> take_lanes() {
    return walk(family::lane, [&](std::string_view key, std::string_view value) {
      if (key.size() != 4 || !decode_lane(read_be32(key), value)) return void(++report_.unreadable_rows);
      lanes_.insert(read_be32(key));
      put(family::lane, key, std::string{value});
    });
  }

  result<void> take_messages() {
    return walk(family::message, [&](std::string_view key, std::string_view value) {
      if (key.size() != 16) return;
      const queue_id id = queue_id::from_view(key);
      const auto stored = decode_message(id, value);
      if (!stored) return void(++report_.unreadable_rows);
      take_message(stored->row);
    });
  }

  void take_message(const message_row& row) {
    std::vector<stored_recipient> open = recipients_of(row.id);
    if (open.empty()) return lose(row.id, "recipients_lost", open);
    const std::string_view id = row.id.view();
    auto body = find_body(row.id);
    if (!body) {
      // Nobody can deliver it: its recipients end, visibly.
      lose(row.id, "body_lost", open);
      put(family::history_message, id, encode(row, options_.time.now()));
      for (stored_recipient& one : open) end(one);
      return;
    }
    ++report_.messages;
    put(family::message, id, encode(row, {}));
    put(family::body, id, std::move(*body));
    for (const stored_recipient& one : open) take_recipient(one);
  }

  std::vector<stored_recipient> recipients_of(const queue_id& id) {
    std::vector<stored_recipient> out;
    std::string last{id.view()};
    for (auto at = from_.walk(family::recipient, id.view(), after_prefix(id.view()));;) {
      if (at.valid()) {
        last = at.key();
        const auto key = parse_recipient_key(at.key());
        const auto value = unseal(at.sealed(), static_cast<std::uint8_t>(family::recipient), at.key());
        auto stored = key && value ? decode_recipient(*key, *value) : std::nullopt;
        stored ? out.push_back(std::move(*stored)) : void(++report_.unreadable_rows);
        at.next();
      } else if (at.is_damaged()) {
        last = step_over_damage(at, last, key_size_of(family::recipient));
        if (at.is_damaged()) return out;
      } else {
        return out;
      }
    }
  }

  void take_recipient(const stored_recipient& one) {
    ++report_.recipients;
    const recipient_row& row = one.row;
    put(family::recipient, key_of(row.key), encode(row, one.stream));
    tallied_.add(row.lane, row.state, row.pinned_destination, 1);
    ++totals_.counts[{static_cast<std::uint8_t>(one.stream), static_cast<std::uint8_t>(row.state)}];
    if (row.intent) batch_->put_mark(family::intent, key_of(row.key));
    if (!has_due_entry(row.state, row.intent.has_value())) return;
    batch_->put_mark(family::due, due_key_of(row.lane, {row.due, row.key}));
    if (!lanes_.insert(row.lane).second) return;
    // Nobody knows the candidates of a lost lane: without any, its mail is decided anew when it is due.
    lane_row lane;
    lane.id = row.lane;
    lane.stream = one.stream;
    put(family::lane, be32_key(lane.id), encode(lane));
  }

  void end(stored_recipient& one) {
    one.row.state = recipient_state::dead_lettered;
    one.row.reason = "body_lost";
    one.row.changed = options_.time.now();
    one.row.intent.reset();
    put(family::history_recipient, key_of(one.row.key), encode(compact_for_history(one.row), one.stream));
    ++totals_.counts[{static_cast<std::uint8_t>(one.stream), static_cast<std::uint8_t>(one.row.state)}];
  }

  void lose(const queue_id& id, const char* reason, const std::vector<stored_recipient>& recipients) {
    missing_mail lost{id.to_string(), reason, {}};
    for (const stored_recipient& one : recipients) lost.recipients.push_back(one.row.address);
    report_.missing.push_back(std::move(lost));
    lost_.insert(id);
  }

  // The body row to write; nothing if the content is nowhere.
  std::optional<std::string> find_body(const queue_id& id) {
    const auto value = from_.get(family::body, id.view());
    const auto body = value && *value ? decode_body(**value) : std::nullopt;
    if (body && !body->place) return encode_inline_body(body->content);
    if (body && segments_.read(id, *body->place)) return use(*body->place);
    const auto found = bodies_.find(id);
    if (!found) return std::nullopt;
    ++report_.bodies_found_again;
    return use(*found);
  }

  std::string use(const body_place& place) {
    segment_row& row = used_[place.segment];
    const std::uint64_t size = record_header_size + place.length;
    row.live += size;
    row.size = std::max(row.size, place.offset + size);
    return encode(place);
  }

  // Recipients whose message row is gone: who they were is known, what they were to get perhaps not.
  result<void> find_lost_messages() {
    queue_id last;
    std::vector<stored_recipient> orphans;
    const auto report = [&] {
      if (!orphans.empty()) lose(orphans.front().row.key.message, "message_lost", orphans);
      orphans.clear();
    };
    auto walked = walk(family::recipient, [&](std::string_view key, std::string_view value) {
      const auto parsed = parse_recipient_key(key);
      auto stored = parsed ? decode_recipient(*parsed, value) : std::nullopt;
      if (!stored) return;
      if (parsed->message != last) report();
      last = parsed->message;
      const auto message = from_.get(family::message, last.view());
      if (!message || !*message || !decode_message(last, **message)) orphans.push_back(std::move(*stored));
    });
    report();
    return walked;
  }

  result<void> take_history() {
    auto done = walk(family::history_message, [&](std::string_view key, std::string_view value) {
      if (key.size() == 16 && decode_message(queue_id::from_view(key), value))
        put(family::history_message, key, std::string{value});
    });
    if (!done) return done.error();
    done = walk(family::history_recipient, [&](std::string_view key, std::string_view value) {
      const auto parsed = parse_recipient_key(key);
      if (parsed && decode_recipient(*parsed, value)) put(family::history_recipient, key, std::string{value});
    });
    if (!done) return done.error();
    return walk(family::ledger, [&](std::string_view key, std::string_view value) {
      if (key.size() != 8 || !decode_ledger(read_be64(key), value)) return;
      totals_.ledger_sequence = std::max(totals_.ledger_sequence, read_be64(key));
      put(family::ledger, key, std::string{value});
    });
  }

  result<void> take_keys() {
    if (!has_seed_) return {};
    return walk(family::idempotency, [&](std::string_view key, std::string_view value) {
      const auto row = key.size() == 16 ? decode_idempotency(value) : std::nullopt;
      if (!row) return void(++report_.unreadable_rows);
      if (lost_.contains(row->id)) return;  // a client that still has it may send it again
      put(family::idempotency, key, std::string{value});
      std::string mark = be64_key(to_stored_ms(row->expires));
      mark.append(key);
      batch_->put_mark(family::idempotency_expiry, mark);
    });
  }

  // Of one whose value is gone the key still says who must not be mailed.
  result<void> take_suppressions() {
    result<void> written;
    const auto gaps =
        walk_rows(from_, family::suppression, [&](std::string_view key, std::optional<std::string_view> value) {
          if (!written) return;
          auto row = parse_suppression_key(key);
          if (!row) return void(++report_.unreadable_rows);
          auto whole = value ? decode_suppression(key, *value) : std::nullopt;
          if (!whole) ++report_.unreadable_rows;
          put(family::suppression, key, encode(whole ? *whole : *row));
          ++report_.suppressions;
          written = flush_batch(batch_rows_max);
        });
    if (!gaps) return gaps.error();
    report_.unreadable_stretches += *gaps;
    return written;
  }

  result<void> put_accounts() {
    for (auto& [segment, row] : used_) {
      const auto value = from_.get(family::segment, be32_key(segment));
      const auto known = value && *value ? decode_segment(**value) : std::nullopt;
      if (known) row.size = std::max(row.size, known->size);
      put(family::segment, be32_key(segment), encode(row));
      totals_.next_segment = std::max(totals_.next_segment, segment + 1);
    }
    const auto names = files_of(options_).list(options_.config.data_directory + "/segments");
    if (names) {
      for (const std::string& name : *names) {
        if (const auto number = parse_segment_file_name(name))
          totals_.next_segment = std::max(totals_.next_segment, *number + 1);
      }
    }
    put(family::meta, totals_key, encode(totals_));
    // Who is in line was counted anew; what was used is taken over, and where it cannot be read it is gone.
    if (const auto known = tallies::read(from_)) {
      for (usage_row row : known->usage()) {
        row.stamp = 1;
        tallied_.add(row);
      }
    }
    tallies{}.put(*batch_, tallied_);
    return {};
  }

  const tool_options& options_;
  const state_db& from_;
  state_db& to_;
  std::unique_ptr<state_batch> batch_;
  std::size_t batch_rows_ = 0;
  segment_store segments_;
  body_search bodies_;
  repair_report report_;
  totals_row totals_;
  tally_changes tallied_;
  bool has_seed_ = false;
  std::set<lane_id> lanes_;
  std::set<queue_id> lost_;
  std::map<std::uint32_t, segment_row> used_;
};

result<repair_report> rebuild(const tool_options& options, const std::string& fresh, const std::string& copy) {
  auto from = open_damaged(options, copy);
  if (!from) return from.error();
  state_options state = state_options_of(options);
  state.directory = fresh;
  auto to = state_db::open(state);
  if (!to) return to.error();
  return repair{options, **from, **to}.run();
}

}  // namespace
}  // namespace stellwerk::spool::embedded

namespace stellwerk::spool {

result<repair_report> repair_spool(const tool_options& options) {
  using namespace embedded;
  const auto lock = lock_store(options);
  if (!lock) return lock.error();
  rocksdb::Env& env = env_of(options);
  const std::string& directory = options.config.data_directory;
  const std::string fresh = directory + "/state.repaired";
  const std::string copy = directory + "/state.copy";
  if (!env.FileExists(directory + "/state").ok()) {
    // A repair that ended between its two renames: the new state is complete.
    if (!env.RenameFile(fresh, directory + "/state").ok()) return error{errc::store_failed, "spool.repair"};
    if (auto synced = files_of(options).sync_directory(directory); !synced) return synced.error();
    return repair_report{};
  }
  remove_directory(env, fresh);  // of a repair that was cut short
  remove_directory(env, copy);
  auto report = rebuild(options, fresh, copy);
  remove_directory(env, copy);
  if (!report) return report.error();
  report->kept_as = directory + "/state.damaged-" + std::to_string(to_stored_ms(options.time.now()));
  if (!env.RenameFile(directory + "/state", report->kept_as).ok() ||
      !env.RenameFile(fresh, directory + "/state").ok()) {
    return error{errc::store_failed, "spool.repair"};
  }
  if (auto synced = files_of(options).sync_directory(directory); !synced) return synced.error();
  return report;
}

}  // namespace stellwerk::spool
