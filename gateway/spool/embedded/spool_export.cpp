// export_spool: every open message and every suppression as records of an archive. Reads only.
#include <algorithm>
#include <utility>

#include "gateway/spool/embedded/archive_record.hpp"
#include "gateway/spool/embedded/closed_store.hpp"
#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/row_walk.hpp"
#include "gateway/spool/embedded/state_reader.hpp"

namespace stellwerk::spool {
namespace embedded {
namespace {

constexpr std::size_t buffer_max = 1U << 20;

class archive_writer {
 public:
  archive_writer(const closed_store& store, segment_file& file, logger& log)
      : db_{*store.db}, reader_{*store.db, *store.segments, log, {}}, file_{file} {}

  result<archive_report> run() {
    buffer_ = archive_magic;
    if (auto read = read_seed(); !read) return read.error();
    for (const family which : {family::lane, family::suppression, family::message}) {
      result<void> written;
      const auto gaps = walk_rows(db_, which, [&](std::string_view key, std::optional<std::string_view> value) {
        if (!written) return;
        add_row(which, key, value);
        written = flush(buffer_max);
      });
      if (!gaps) return gaps.error();
      if (!written) return written.error();
      for (std::uint64_t i = 0; i < *gaps; ++i) report_.not_carried.push_back({"", "unreadable_rows", {}});
    }
    byte_writer counts;
    counts.varint(report_.messages);
    counts.varint(report_.recipients);
    counts.varint(report_.suppressions);
    add(archive_kind::end, counts.bytes());
    if (auto written = flush(0); !written) return written.error();
    if (auto synced = file_.sync(); !synced) return synced.error();
    return std::move(report_);
  }

 private:
  void add(archive_kind kind, std::string_view payload) { buffer_ += make_archive_record(kind, payload); }

  result<void> flush(std::size_t most) {
    if (buffer_.size() <= most) return {};
    const std::string_view pieces[] = {buffer_};
    if (auto appended = file_.append(pieces); !appended) return appended.error();
    buffer_.clear();
    return {};
  }

  result<void> read_seed() {
    const auto seed = db_.get(family::meta, seed_key);
    if (!seed) return seed.error();
    const auto decoded = *seed ? decode_seed(**seed) : std::nullopt;
    if (!decoded) return error{errc::corrupt, "spool.export"};
    seed_ = *decoded;
    return {};
  }

  void add_row(family which, std::string_view key, std::optional<std::string_view> value) {
    if (which == family::lane) return add_lane(key, value);
    which == family::suppression ? add_suppression(key, value) : add_message(key, value);
  }

  // Of one whose value is gone the key still says who must not be mailed.
  void add_suppression(std::string_view key, std::optional<std::string_view> value) {
    const auto row = parse_suppression_key(key);
    if (!row) return;
    const auto whole = value ? decode_suppression(key, *value) : std::nullopt;
    byte_writer out;
    out.text(key);
    out.raw(encode(whole ? *whole : *row));
    add(archive_kind::suppression, out.bytes());
    ++report_.suppressions;
  }

  void add_lane(std::string_view key, std::optional<std::string_view> value) {
    if (value && key.size() == 4) add(archive_kind::lane, std::string{key} + std::string{*value});
  }

  void add_message(std::string_view key, std::optional<std::string_view> value) {
    if (key.size() != 16) return;
    const queue_id id = queue_id::from_view(key);
    const auto stored = value ? decode_message(id, *value) : std::nullopt;
    const auto recipients = reader_.load_recipients(id);
    const auto content = reader_.load_content(id);
    if (!stored || !recipients || recipients->empty() || !content || !*content) {
      missing_mail lost{id.to_string(), stored ? "body_lost" : "message_lost", {}};
      if (recipients) {
        for (const recipient_row& row : *recipients) lost.recipients.push_back(row.address);
      }
      report_.not_carried.push_back(std::move(lost));
      return;
    }
    add(archive_kind::message, std::string{key} + std::string{*value});
    for (const recipient_row& row : *recipients) {
      add(archive_kind::recipient, be32_key(row.key.index) + encode(row, stored->row.stream));
    }
    add_key(stored->row);
    add(archive_kind::content, **content);
    ++report_.messages;
    report_.recipients += recipients->size();
  }

  void add_key(const message_row& row) {
    if (row.idempotency_key.empty()) return;
    const auto value = db_.get(family::idempotency, view_of(hash_of_claim(row.tenant, row.idempotency_key, seed_)));
    const auto claim = value && *value ? decode_idempotency(**value) : std::nullopt;
    if (claim && claim->id == row.id) add(archive_kind::key, encode(*claim));
  }

  const state_db& db_;
  state_reader reader_;
  segment_file& file_;
  std::uint64_t seed_ = 0;
  std::string buffer_;
  archive_report report_;
};

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace
}  // namespace embedded

result<archive_report> export_spool(const tool_options& options, const std::string& archive) {
  const auto store = embedded::open_closed(options);
  if (!store) return store.error();
  embedded::file_system& files = embedded::files_of(options);
  auto file = files.open_append(archive);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size != 0) return error{errc::already_exists, "spool.export"};
  auto report = embedded::archive_writer{*store, **file, options.log}.run();
  if (!report) return report.error();
  if (auto synced = files.sync_directory(embedded::parent_of(archive)); !synced) return synced.error();
  return report;
}

}  // namespace stellwerk::spool
