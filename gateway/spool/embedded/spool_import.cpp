// import_spool: the messages of an archive accepted by a store, as if they came by a door, but with their own ids and
// what had already become of each recipient; suppressions before them. What the store knows already, by id or by key,
// is left alone.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "gateway/spool/embedded/archive_record.hpp"
#include "gateway/spool/embedded/embedded_store.hpp"
#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/file_system.hpp"
#include "gateway/spool/embedded/keys.hpp"
#include "gateway/spool/embedded/row_codec.hpp"
#include "gateway/spool/spool_tools.hpp"

namespace stellwerk::spool {
namespace embedded {
namespace {

constexpr std::size_t waiting_max = 256;
constexpr std::size_t waiting_bytes_max = 8U << 20;

struct archive_part {
  archive_kind kind = archive_kind::end;
  std::string payload;
};

class archive_reader {
 public:
  explicit archive_reader(const segment_file& file) : file_{file} {}

  [[nodiscard]] bool begin() {
    const auto magic = file_.read_at(0, archive_magic.size());
    at_ = archive_magic.size();
    return magic && *magic == archive_magic;
  }
  // errc::corrupt: a record does not hold, or the archive ends without its end record.
  [[nodiscard]] result<archive_part> next() {
    const auto bytes = file_.read_at(at_, archive_header_size);
    if (!bytes) return bytes.error();
    const auto header = parse_archive_header(*bytes);
    const auto size = file_.size();
    if (!size) return size.error();
    if (!header || header->length > *size - at_ - archive_header_size) return error{errc::corrupt, "spool.import"};
    auto payload = file_.read_at(at_ + archive_header_size, static_cast<std::size_t>(header->length));
    if (!payload) return payload.error();
    if (!archive_record_holds(*header, *payload)) return error{errc::corrupt, "spool.import"};
    at_ += archive_header_size + header->length;
    return archive_part{header->kind, std::move(*payload)};
  }

 private:
  const segment_file& file_;
  std::uint64_t at_ = 0;
};

class archive_import {
 public:
  archive_import(embedded_store& store, const segment_file& file) : store_{store}, in_{file} {
    for (lane_row& lane : store_.lanes()) {
      next_lane_ = std::max(next_lane_, lane.id + 1);
      lanes_.push_back(std::move(lane));
    }
  }

  result<archive_report> run() {
    if (!in_.begin()) return error{errc::corrupt, "spool.import"};
    for (;;) {
      auto part = in_.next();
      if (!part) return part.error();
      if (part->kind == archive_kind::end) return end(part->payload);
      if (auto taken = take(*part); !taken) return taken.error();
    }
  }

 private:
  result<void> take(const archive_part& part) {
    const std::string_view bytes = part.payload;
    switch (part.kind) {
      case archive_kind::lane: return take_lane(bytes);
      case archive_kind::suppression: return take_suppression(bytes);
      case archive_kind::message: return take_message(bytes);
      case archive_kind::recipient: return take_recipient(bytes);
      case archive_kind::key: return take_key(bytes);
      case archive_kind::content: return accept(bytes);
      case archive_kind::end: break;
    }
    return {};
  }

  [[nodiscard]] static error malformed() { return {errc::corrupt, "spool.import"}; }

  result<void> take_lane(std::string_view bytes) {
    const auto row = bytes.size() > 4 ? decode_lane(read_be32(bytes), bytes.substr(4)) : std::nullopt;
    if (!row) return malformed();
    theirs_.emplace(row->id, *row);
    return {};
  }

  result<void> take_suppression(std::string_view bytes) {
    byte_reader in{bytes};
    const std::string key{in.text()};
    auto row = decode_suppression(key, in.rest());
    if (!row) return malformed();
    ++suppressions_read_;
    auto known = knows(key);
    if (!known) return known.error();
    if (*known) return {};
    suppressions_.push_back({std::move(*row), false});
    return suppressions_.size() < waiting_max ? result<void>{} : put_suppressions();
  }

  // Right behind what its key begins with.
  result<bool> knows(const std::string& key) {
    suppression_filter beside;
    beside.after = key.substr(0, key.size() - 1);
    beside.limit = all_suppression_scopes.size();
    const auto rows = store_.list_suppressions(beside);
    if (!rows) return rows.error();
    return std::any_of(rows->begin(), rows->end(), [&](const auto& row) { return suppression_key(row) == key; });
  }

  result<void> put_suppressions() {
    if (suppressions_.empty()) return {};
    report_.suppressions += suppressions_.size();
    settle_request request;
    request.suppressions = std::exchange(suppressions_, {});
    ++waiting_;
    store_.settle(std::move(request), [this](const result<void>& done) {
      --waiting_;
      if (!done) failure_ = done.error();
    });
    return commit();
  }

  result<void> take_message(std::string_view bytes) {
    auto stored = bytes.size() > 16 ? decode_message(queue_id::from_view(bytes), bytes.substr(16)) : std::nullopt;
    if (!stored) return malformed();
    request_.emplace();
    request_->message = std::move(stored->row);
    return {};
  }

  result<void> take_recipient(std::string_view bytes) {
    if (!request_ || bytes.size() <= 4) return malformed();
    auto stored = decode_recipient({request_->message.id, read_be32(bytes)}, bytes.substr(4));
    if (!stored) return malformed();
    stored->row.lane = our_lane(stored->row.lane, stored->stream);
    request_->recipients.push_back(std::move(stored->row));
    return {};
  }

  // The same lane under this store's number.
  lane_id our_lane(lane_id theirs, mail::traffic_stream stream) {
    const auto known = theirs_.find(theirs);
    lane_row wanted = known == theirs_.end() ? lane_row{} : known->second;
    if (known == theirs_.end()) wanted.stream = stream;
    for (const lane_row& ours : lanes_) {
      wanted.id = ours.id;
      if (wanted == ours) return ours.id;
    }
    wanted.id = next_lane_++;
    lanes_.push_back(wanted);
    request_->new_lanes.push_back(wanted);
    return wanted.id;
  }

  result<void> take_key(std::string_view bytes) {
    const auto row = decode_idempotency(bytes);
    if (!row || !request_) return malformed();
    request_->idempotency =
        idempotency_claim{request_->message.tenant, request_->message.idempotency_key, row->fingerprint, row->merged};
    return {};
  }

  // The content is the last record of a message.
  result<void> accept(std::string_view content) {
    if (!request_ || request_->recipients.empty()) return malformed();
    accept_request request = std::move(*request_);
    request_.reset();
    const queue_id id = request.message.id;
    const auto known = store_.load_message_row(id);
    if (known) {
      ++report_.already_there;
      return {};
    }
    if (!known.error().is(errc::not_found)) return known.error();
    const std::size_t recipients = request.recipients.size();
    missing_mail refused{id.to_string(), "", {}};
    for (const recipient_row& row : request.recipients) refused.recipients.push_back(row.address);
    request.content = std::make_shared<const std::string>(content);
    store_.accept(std::move(request), [this, recipients, refused = std::move(refused)](
                                          const result<accept_answer>& got) { on_answer(got, recipients, refused); });
    waiting_bytes_ += content.size();
    if (++waiting_ < waiting_max && waiting_bytes_ < waiting_bytes_max) return {};
    return commit();
  }

  void on_answer(const result<accept_answer>& got, std::size_t recipients, missing_mail refused) {
    --waiting_;
    if (got && got->message.duplicate()) {
      ++report_.already_there;
    } else if (got) {
      ++report_.messages;
      report_.recipients += recipients;
    } else if (got.error().is(errc::fingerprint_differs)) {
      refused.reason = "key_used_otherwise";
      report_.not_carried.push_back(std::move(refused));
    } else {
      failure_ = got.error();
    }
  }

  // One sync for many.
  result<void> commit() {
    while (store_.run_once()) {
    }
    waiting_bytes_ = 0;
    if (failure_) return *failure_;
    return waiting_ == 0 ? result<void>{} : result<void>{error{errc::store_failed, "spool.import"}};
  }

  result<archive_report> end(std::string_view payload) {
    if (auto done = put_suppressions(); !done) return done.error();
    if (auto done = commit(); !done) return done.error();
    byte_reader in{payload};
    const std::uint64_t messages = in.varint();
    (void)in.varint();  // recipients
    const std::uint64_t suppressions = in.at_end() ? 0 : in.varint();
    const bool agrees = in.ok() && !request_ && suppressions == suppressions_read_ &&
                        messages == report_.messages + report_.already_there + report_.not_carried.size();
    if (!agrees) return malformed();
    return std::move(report_);
  }

  embedded_store& store_;
  archive_reader in_;
  std::map<lane_id, lane_row> theirs_;
  std::vector<lane_row> lanes_;
  lane_id next_lane_ = 1;
  std::optional<accept_request> request_;
  std::vector<suppression_change> suppressions_;  // not asked for yet
  std::uint64_t suppressions_read_ = 0;
  archive_report report_;
  std::size_t waiting_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::optional<error> failure_;
};

}  // namespace
}  // namespace embedded

result<archive_report> import_spool(const tool_options& options, const std::string& archive) {
  embedded::file_system& files = options.files == nullptr ? embedded::posix_file_system() : *options.files;
  const auto file = files.open_read(archive);
  if (!file) return file.error();
  embedded::embedded_options open;
  open.thread = embedded::committer_thread::none;
  open.files = options.files;
  open.env = options.env;
  auto store = embedded::open_embedded_store(options.config, options.time, options.log, {}, open);
  if (!store) return store.error();
  embedded::archive_import importing{**store, **file};
  auto report = importing.run();
  // What an archive that breaks off left waiting is answered while there is somebody to hear it.
  (*store)->close();
  return report;
}

}  // namespace stellwerk::spool
