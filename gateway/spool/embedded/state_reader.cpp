#include "gateway/spool/embedded/state_reader.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/row_codec.hpp"

namespace stellwerk::spool::embedded {

void state_reader::report(std::string_view event, const queue_id& id) const {
  corrupt_records_.add();
  log_.error(event, {{"queue_id", id.to_string()}});
}

result<loaded_message> state_reader::load_message(const queue_id& id) const {
  auto row = load_message_row(id);
  if (!row) return row.error();
  auto content = load_content(id);
  if (!content) return content.error();
  return loaded_message{std::move(*row), std::move(*content)};
}

result<message_row> state_reader::load_message_row(const queue_id& id) const {
  for (const family which : {family::message, family::history_message}) {
    const auto value = db_.get(which, id.view());
    if (!value) return value.error();
    if (!*value) continue;
    auto stored = decode_message(id, **value);
    if (!stored) {
      report("spool.corrupt_message", id);
      return error{errc::corrupt, "spool.load_message"};
    }
    return std::move(stored->row);
  }
  return error{errc::not_found, "spool.load_message"};
}

result<mail::content_ptr> state_reader::load_content(const queue_id& id) const {
  constexpr int moves_max = 3;  // the copier may move the body between the look-up and the read
  for (int attempt = 0; attempt < moves_max; ++attempt) {
    auto value = db_.get(family::body, id.view());
    if (!value) return value.error();
    if (!*value) return mail::content_ptr{};
    const auto body = decode_body(**value);
    if (!body) {
      report("spool.corrupt_body", id);
      return error{errc::corrupt, "spool.load_content"};
    }
    if (!body->place) return std::make_shared<const std::string>(body->content);
    auto content = segments_.read(id, *body->place);
    if (content) return content;
    if (content.error().is(errc::not_found)) continue;
    if (content.error().is(errc::corrupt)) report("spool.corrupt_body", id);
    return content.error();
  }
  report("spool.missing_body", id);
  return error{errc::corrupt, "spool.load_content"};
}

result<void> state_reader::append_recipients(family which, const queue_id& id, std::vector<recipient_row>& into) const {
  const std::string from{id.view()};
  for (auto at = db_.walk(which, from, after_prefix(from), walk_scope::within_prefix);; at.next()) {
    if (!at.valid()) return at.status();
    const auto key = parse_recipient_key(at.key());
    const auto value = at.value();
    if (!key || !value) continue;  // quarantined and counted; its neighbours are not held up
    auto stored = decode_recipient(*key, *value);
    if (stored) {
      into.push_back(std::move(stored->row));
    } else {
      report("spool.corrupt_recipient", id);
    }
  }
}

result<std::vector<recipient_row>> state_reader::load_recipients(const queue_id& id) const {
  std::vector<recipient_row> rows;
  for (const family which : {family::recipient, family::history_recipient}) {
    if (auto read = append_recipients(which, id, rows); !read) return read.error();
  }
  // A recipient that ended between the two walks is in neither or both: the later one counts.
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  const auto later = [](const recipient_row& a, const recipient_row& b) { return a.key == b.key; };
  const auto first_open = std::unique(rows.rbegin(), rows.rend(), later).base();
  rows.erase(rows.begin(), first_open);
  return rows;
}

result<recipient_row> state_reader::load_recipient(const recipient_key& key) const {
  for (const family which : {family::recipient, family::history_recipient}) {
    const auto value = db_.get(which, key_of(key));
    if (!value) return value.error();
    if (!*value) continue;
    auto stored = decode_recipient(key, **value);
    if (stored) return std::move(stored->row);
    report("spool.corrupt_recipient", key.message);
    return error{errc::corrupt, "spool.load_recipient"};
  }
  return error{errc::not_found, "spool.load_recipient"};
}

result<std::vector<due_entry>> state_reader::scan_lane(lane_id lane, const due_entry& from, std::size_t limit) const {
  std::vector<due_entry> out;
  auto at = db_.walk(family::due, due_key_of(lane, from), after_prefix(be32_key(lane)));
  for (; at.valid() && out.size() < limit; at.next()) {
    if (const auto entry = parse_due_key(at.key())) out.push_back(*entry);
  }
  if (auto status = at.status(); !status && out.empty()) return status.error();
  return out;
}

result<std::vector<ledger_row>> state_reader::read_ledger(std::uint64_t after, std::string_view tenant,
                                                          std::size_t limit) const {
  std::vector<ledger_row> out;
  auto at = db_.walk(family::ledger, be64_key(after + 1), {});
  for (; at.valid() && out.size() < limit; at.next()) {
    const auto value = at.value();
    if (!value || at.key().size() != 8) continue;
    auto row = decode_ledger(read_be64(at.key()), *value);
    if (row && (tenant.empty() || row->tenant == tenant)) out.push_back(std::move(*row));
  }
  if (auto status = at.status(); !status && out.empty()) return status.error();
  return out;
}

result<std::optional<std::string>> state_reader::load_note(std::string_view name) const {
  const auto value = db_.get(family::meta, std::string{note_prefix} + std::string{name});
  if (!value) return value.error();
  if (!*value) return std::optional<std::string>{};
  auto text = decode_note(**value);
  if (!text) return error{errc::corrupt, "spool.load_note"};
  return text;
}

result<std::vector<suppression_row>> state_reader::list_suppressions(const suppression_filter& filter) const {
  std::vector<suppression_row> out;
  const std::string first = filter.tenant.empty() ? std::string{} : filter.tenant + '\n';
  // Nothing sorts between a key and itself followed by a zero.
  const std::string from = filter.after.empty() ? first : std::max(first, filter.after + '\0');
  auto at = db_.walk(family::suppression, from, first.empty() ? first : after_prefix(first));
  for (; at.valid() && out.size() < filter.limit; at.next()) {
    auto row = parse_suppression_key(at.key());
    if (!row || (!filter.address.empty() && row->address != filter.address)) continue;
    if (const auto value = at.value()) {
      if (auto whole = decode_suppression(at.key(), *value)) row = std::move(whole);
    }
    out.push_back(std::move(*row));
  }
  // Half a list would let mail through that the other half forbids.
  if (auto status = at.status(); !at.valid() && !status) return status.error();
  return out;
}

result<std::vector<recipient_row>> state_reader::open_intents() const {
  std::vector<recipient_row> out;
  for (auto at = db_.walk(family::intent, {}, {});; at.next()) {
    if (!at.valid()) {
      if (auto status = at.status(); !status) return status.error();
      return out;
    }
    const auto key = parse_recipient_key(at.key());
    if (!key) continue;
    auto row = load_recipient(*key);
    if (row) out.push_back(std::move(*row));
    // A row that cannot be read is counted and stays for `spool check`.
  }
}

}  // namespace stellwerk::spool::embedded
