// check_spool: every row and every body read, every reference between the families followed ("What holds between the
// families" in FORMAT.md). Works in key order with bounded memory: what must be the same number on both sides is
// counted, and only if the numbers differ the other side is walked for what has no partner.
#include <map>
#include <set>
#include <utility>

#include "gateway/spool/embedded/closed_store.hpp"
#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/message_cache.hpp"
#include "gateway/spool/embedded/row_codec.hpp"
#include "gateway/spool/embedded/row_walk.hpp"
#include "gateway/spool/embedded/segment_record.hpp"

namespace stellwerk::spool {

void check_report::add(spool_fault fault) {
  ++faults[fault.what];
  if (listed.size() < listed_max) listed.push_back(std::move(fault));
}

namespace embedded {
namespace {

std::string subject_of(std::string_view key) {
  if (const auto row = parse_suppression_key(key)) return row->tenant + "/" + row->address;
  if (key.size() == 20) {
    return queue_id::from_view(key.substr(0, 16)).to_string() + "/" + std::to_string(read_be32(key.substr(16)));
  }
  if (key.size() == 16) return queue_id::from_view(key).to_string();
  if (key.size() == 4) return std::to_string(read_be32(key));
  if (key.size() == 8) return std::to_string(read_be64(key));
  return std::string{key};
}

// Totals of what the rows refer to, per segment.
struct segment_use {
  std::uint64_t live = 0;
  std::uint64_t end = 0;
};

class audit {
 public:
  audit(const closed_store& store, const tool_options& options)
      : db_{*store.db}, segments_{*store.segments}, options_{options} {}

  result<check_report> run() {
    if (auto tables = db_.verify_tables(); !tables) add("damaged_table", family::meta, "", tables.error().message());
    for (const auto step : {&audit::read_meta, &audit::read_lanes, &audit::read_messages, &audit::read_recipients,
                            &audit::read_bodies, &audit::read_marks, &audit::read_segments, &audit::read_history,
                            &audit::read_keys, &audit::read_suppressions}) {
      if (auto done = (this->*step)(); !done) return done.error();
    }
    if (counts_ != open_counts_) add("wrong_count", family::meta, "totals", "open recipients are counted differently");
    return std::move(report_);
  }

 private:
  void add(const char* what, family where, std::string subject, std::string detail = {}) {
    report_.add({what, name_of(where), std::move(subject), std::move(detail)});
  }

  // Rows whose seal holds and that decode; the others are faults.
  template <class Decode, class Visit>
  result<void> read_rows(family which, Decode decode, Visit visit) {
    const auto gaps = walk_rows(db_, which, [&](std::string_view key, std::optional<std::string_view> value) {
      if (!value) return add("damaged_row", which, subject_of(key), "the checksum does not hold");
      auto row = decode(key, *value);
      if (!row) return add("malformed_row", which, subject_of(key));
      visit(key, *row);
    });
    if (!gaps) return gaps.error();
    for (std::uint64_t i = 0; i < *gaps; ++i) add("unreadable_rows", which, "", "a block of a table cannot be read");
    return {};
  }

  result<void> read_meta() {
    const auto totals = db_.get(family::meta, totals_key);
    const auto decoded = totals && *totals ? decode_totals(**totals) : std::nullopt;
    if (totals && *totals && !decoded) add("malformed_row", family::meta, "totals");
    if (!totals) add("damaged_row", family::meta, "totals", totals.error().message());
    if (decoded) {
      for (const auto& [key, count] : decoded->counts) {
        if (count != 0 && !mail::is_final(static_cast<mail::recipient_state>(key.second))) open_counts_[key] = count;
      }
    }
    const auto seed = db_.get(family::meta, seed_key);
    if (!seed || !*seed || !decode_seed(**seed)) add("damaged_row", family::meta, "seed");
    const auto format = db_.get(family::meta, format_key);
    if (!format || !*format || !decode_format(**format)) add("damaged_row", family::meta, "format");
    return {};
  }

  result<void> read_lanes() {
    const auto decode = [](std::string_view key, std::string_view value) -> std::optional<lane_row> {
      return key.size() == 4 ? decode_lane(read_be32(key), value) : std::nullopt;
    };
    return read_rows(family::lane, decode, [&](std::string_view, const lane_row& row) { lanes_.insert(row.id); });
  }

  result<void> read_messages() {
    const auto decode = [](std::string_view key, std::string_view value) -> std::optional<stored_message> {
      return key.size() == 16 ? decode_message(queue_id::from_view(key), value) : std::nullopt;
    };
    return read_rows(family::message, decode, [&](std::string_view key, const stored_message&) {
      ++report_.messages;
      const auto body = db_.get(family::body, key);
      if (body && !*body) add("missing_body", family::message, subject_of(key));
      const auto first = db_.walk(family::recipient, key, after_prefix(key), walk_scope::within_prefix);
      if (!first.valid())
        add("no_recipient", family::message, subject_of(key), "an open message without an open recipient");
    });
  }

  result<void> read_recipients() {
    const auto decode = [](std::string_view key, std::string_view value) -> std::optional<stored_recipient> {
      const auto parsed = parse_recipient_key(key);
      return parsed ? decode_recipient(*parsed, value) : std::nullopt;
    };
    return read_rows(family::recipient, decode, [&](std::string_view key, const stored_recipient& stored) {
      ++report_.recipients;
      ++counts_[{static_cast<std::uint8_t>(stored.stream), static_cast<std::uint8_t>(stored.row.state)}];
      if (mail::is_final(stored.row.state))
        add("malformed_row", family::recipient, subject_of(key), "final, but still open");
      check_recipient(key, stored.row);
    });
  }

  void check_recipient(std::string_view key, const recipient_row& row) {
    const auto message = db_.get(family::message, key.substr(0, 16));
    if (message && !*message) add("missing_message", family::recipient, subject_of(key));
    if (row.intent) {
      const auto intent = db_.has(family::intent, key);
      intent&&* intent ? void(++intents_) : add("missing_intent", family::recipient, subject_of(key));
    }
    if (!has_due_entry(row.state, row.intent.has_value())) return;
    if (!lanes_.contains(row.lane)) add("missing_lane", family::recipient, subject_of(key), std::to_string(row.lane));
    const auto due = db_.has(family::due, due_key_of(row.lane, {row.due, row.key}));
    due&&* due ? void(++dues_) : add("missing_due", family::recipient, subject_of(key));
  }

  result<void> read_bodies() {
    const auto decode = [](std::string_view key, std::string_view value) -> std::optional<stored_body> {
      return key.size() == 16 ? decode_body(value) : std::nullopt;
    };
    return read_rows(family::body, decode, [&](std::string_view key, const stored_body& body) {
      ++report_.bodies;
      const auto message = db_.get(family::message, key);
      if (message && !*message) add("missing_message", family::body, subject_of(key));
      report_.body_bytes += body.place ? body.place->length : body.content.size();
      if (!body.place) return;
      segment_use& use = used_[body.place->segment];
      const std::uint64_t size = record_header_size + body.place->length;
      use.live += size;
      use.end = std::max(use.end, body.place->offset + size);
      const auto content = segments_.read(queue_id::from_view(key), *body.place);
      if (!content) add("damaged_body", family::body, subject_of(key), content.error().message());
    });
  }

  // Marks are as many as the rows asked for, or there are strays.
  result<void> read_marks() {
    if (auto due = find_strays(family::due, "stray_due", dues_); !due) return due.error();
    return find_strays(family::intent, "stray_intent", intents_);
  }

  result<void> find_strays(family which, const char* what, std::uint64_t expected) {
    std::uint64_t found = 0;
    const auto count = walk_rows(db_, which, [&](std::string_view, std::optional<std::string_view>) { ++found; });
    if (!count) return count.error();
    for (std::uint64_t i = 0; i < *count; ++i) add("unreadable_rows", which, "", "a block of a table cannot be read");
    if (found == expected) return {};
    const auto walked = walk_rows(db_, which, [&](std::string_view key, std::optional<std::string_view>) {
      const std::string_view recipient = key.size() > 20 ? key.substr(key.size() - 20) : key;
      const auto parsed = parse_recipient_key(recipient);
      const auto value =
          parsed ? db_.get(family::recipient, recipient) : result<std::optional<std::string>>{std::nullopt};
      const auto stored = value && *value ? decode_recipient(*parsed, **value) : std::nullopt;
      const bool wanted = stored && (which == family::intent
                                         ? stored->row.intent.has_value()
                                         : has_due_entry(stored->row.state, stored->row.intent.has_value()) &&
                                               due_key_of(stored->row.lane, {stored->row.due, stored->row.key}) == key);
      if (!wanted) add(what, which, subject_of(recipient));
    });
    if (!walked) return walked.error();
    return {};
  }

  result<void> read_segments() {
    const auto decode = [](std::string_view key, std::string_view value) -> std::optional<segment_row> {
      return key.size() == 4 ? decode_segment(value) : std::nullopt;
    };
    auto read = read_rows(family::segment, decode, [&](std::string_view key, const segment_row& row) {
      const std::uint32_t segment = read_be32(key);
      const segment_use use = used_[segment];
      used_.erase(segment);
      if (use.live != row.live)
        add("wrong_live_bytes", family::segment, subject_of(key),
            std::to_string(use.live) + " are live, " + std::to_string(row.live) + " are counted");
      if (use.end > row.size) add("wrong_segment_size", family::segment, subject_of(key));
      const auto file =
          files_of(options_).open_read(options_.config.data_directory + "/segments/" + segment_file_name(segment));
      const auto size = file ? (*file)->size() : result<std::uint64_t>{file.error()};
      if (!size || *size < row.size)
        add("short_segment", family::segment, subject_of(key),
            size ? std::to_string(*size) + " bytes" : size.error().message());
    });
    if (!read) return read.error();
    for (const auto& [segment, use] : used_) add("missing_segment", family::body, std::to_string(segment));
    return {};
  }

  result<void> read_history() {
    const auto message = [](std::string_view key, std::string_view value) -> std::optional<stored_message> {
      return key.size() == 16 ? decode_message(queue_id::from_view(key), value) : std::nullopt;
    };
    if (auto read = read_rows(family::history_message, message, [](auto, const auto&) {}); !read) return read.error();
    const auto recipient = [](std::string_view key, std::string_view value) -> std::optional<stored_recipient> {
      const auto parsed = parse_recipient_key(key);
      return parsed ? decode_recipient(*parsed, value) : std::nullopt;
    };
    auto read =
        read_rows(family::history_recipient, recipient, [&](auto, const auto&) { ++report_.finished_recipients; });
    if (!read) return read.error();
    const auto ledger = [](std::string_view key, std::string_view value) -> std::optional<ledger_row> {
      return key.size() == 8 ? decode_ledger(read_be64(key), value) : std::nullopt;
    };
    return read_rows(family::ledger, ledger, [](auto, const auto&) {});
  }

  result<void> read_keys() {
    const auto decode = [](std::string_view key, std::string_view value) -> std::optional<idempotency_row> {
      return key.size() == 16 ? decode_idempotency(value) : std::nullopt;
    };
    return read_rows(family::idempotency, decode, [&](std::string_view key, const idempotency_row& row) {
      ++report_.keys;
      std::string mark = be64_key(to_stored_ms(row.expires));
      mark.append(key);
      const auto expiry = db_.has(family::idempotency_expiry, mark);
      if (!expiry || !*expiry) add("missing_expiry", family::idempotency, row.id.to_string());
    });
  }

  result<void> read_suppressions() {
    return read_rows(family::suppression, decode_suppression, [&](auto, const auto&) { ++report_.suppressions; });
  }

  const state_db& db_;
  const segment_store& segments_;
  const tool_options& options_;
  check_report report_;
  std::set<lane_id> lanes_;
  std::map<std::uint32_t, segment_use> used_;
  std::map<std::pair<std::uint8_t, std::uint8_t>, std::uint64_t> counts_;       // as the rows are
  std::map<std::pair<std::uint8_t, std::uint8_t>, std::uint64_t> open_counts_;  // as the totals say
  std::uint64_t dues_ = 0;
  std::uint64_t intents_ = 0;
};

}  // namespace
}  // namespace embedded

result<check_report> check_spool(const tool_options& options) {
  const auto store = embedded::open_closed(options);
  if (!store) return store.error();
  return embedded::audit{*store, options}.run();
}

}  // namespace stellwerk::spool
