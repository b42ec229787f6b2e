// state_reader::list: recipients by state, stream, tenant and domain, in pages of whole messages.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "gateway/spool/embedded/row_codec.hpp"
#include "gateway/spool/embedded/state_reader.hpp"

namespace stellwerk::spool::embedded {
namespace {

bool has_domain(std::string_view address, std::string_view domain) {
  const auto at = address.rfind('@');
  return at != std::string_view::npos && iequals(address.substr(at + 1), domain);
}

// Open and finished recipients as one sequence in key order.
class merged_walk {
 public:
  merged_walk(const state_db& db, const message_filter& filter) {
    const bool wants_open = !filter.state || !mail::is_final(*filter.state);
    const bool wants_final = filter.state ? mail::is_final(*filter.state) : !filter.open_only;
    const std::string from = filter.after ? after_prefix(filter.after->view()) : std::string{};
    if (wants_open) walks_.push_back(db.walk(family::recipient, from, {}));
    if (wants_final) walks_.push_back(db.walk(family::history_recipient, from, {}));
  }

  // The walk that stands on the smallest key; null at the end.
  state_cursor* lowest() {
    state_cursor* best = nullptr;
    for (state_cursor& walk : walks_) {
      if (walk.valid() && (best == nullptr || walk.key() < best->key())) best = &walk;
    }
    return best;
  }

  [[nodiscard]] result<void> status() const {
    for (const state_cursor& walk : walks_) {
      if (auto status = walk.status(); !status) return status;
    }
    return {};
  }

 private:
  std::vector<state_cursor> walks_;
};

bool wants(const message_filter& filter, std::string_view value) {
  const auto glance = glance_recipient(value);
  return glance && (!filter.state || *filter.state == glance->state) &&
         (!filter.stream || *filter.stream == glance->stream);
}

}  // namespace

result<std::vector<listed_recipient>> state_reader::list(const message_filter& filter) const {
  std::vector<listed_recipient> out;
  std::optional<message_row> message;  // of the recipients at hand
  merged_walk walk{db_, filter};
  for (state_cursor* at = walk.lowest(); at != nullptr; at->next(), at = walk.lowest()) {
    const auto key = parse_recipient_key(at->key());
    if (!key) continue;
    if (out.size() >= filter.limit && out.back().message.id != key->message) return out;
    const auto value = at->value();
    if (!value || !wants(filter, *value)) continue;
    auto recipient = decode_recipient(*key, *value);
    if (!recipient) continue;
    if (!filter.recipient_domain.empty() && !has_domain(recipient->row.address, filter.recipient_domain)) continue;
    if (!message || message->id != key->message) {
      auto loaded = load_message_row(key->message);
      if (!loaded) {  // its history is gone or it is quarantined: the recipient is shown all the same
        loaded = message_row{};
        loaded->id = key->message;
        loaded->stream = recipient->stream;
      }
      message = std::move(*loaded);
    }
    if (!filter.tenant.empty() && message->tenant != filter.tenant) continue;
    out.push_back({*message, std::move(recipient->row)});
  }
  if (auto status = walk.status(); !status && out.empty()) return status.error();
  return out;
}

}  // namespace stellwerk::spool::embedded
