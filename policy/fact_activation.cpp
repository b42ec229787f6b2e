#include "policy/fact_activation.hpp"

#include <algorithm>

#include "mail/traffic_stream.hpp"
#include "policy/fact_schema.hpp"

namespace stellwerk::policy {

using expression::evaluation_memory;
using expression::value;
using expression::value_kind;

fact_activation::fact_activation(const message_facts& message)
    : message_{message},
      names_{*message.header},
      tags_{*message.tags},
      metadata_{message.metadata, text_map::absent_key::reads_empty},
      labels_{nullptr, text_map::absent_key::is_error},
      recipient_{nullptr} {}

fact_activation::fact_activation(const facts& about) : fact_activation{*about.message} {
  about_ = &about;
  recipient_ = recipient_map{about_};
}

fact_activation::fact_activation(const facts& about, const destination_traits& candidate) : fact_activation{about} {
  candidate_ = &candidate;
  labels_ = text_map{&candidate.labels, text_map::absent_key::is_error};
}

fact_activation::fact_activation(const facts& about, std::span<const destination_traits> destinations,
                                 const live_state& live, time_point now)
    : fact_activation{about} {
  destinations_ = destinations;
  live_ = &live;
  now_ = now;
}

value fact_activation::variable(std::uint16_t slot, evaluation_memory&) const {
  switch (static_cast<fact_slot>(slot)) {
    case fact_slot::stream: return value::string(about_ == nullptr ? "" : mail::to_string(about_->stream));
    case fact_slot::recipient: return value::map(recipient_);
    case fact_slot::mailbox_provider: return value::string(about_ == nullptr ? "" : about_->mailbox_provider);
    case fact_slot::attempt: return value::integer(about_ == nullptr ? 0 : about_->attempt);
    case fact_slot::age: return value::duration(about_ == nullptr ? duration{0} : about_->age);
    case fact_slot::now: return value::timestamp(now_);
    case fact_slot::name:
    case fact_slot::zone:
    case fact_slot::adapter:
    case fact_slot::labels: return of_candidate(slot);
    default: return of_message(slot);
  }
}

value fact_activation::of_message(std::uint16_t slot) const {
  switch (static_cast<fact_slot>(slot)) {
    case fact_slot::client: return value::string(message_.client);
    case fact_slot::tenant: return value::string(message_.tenant);
    case fact_slot::ingress: return value::string(message_.ingress);
    case fact_slot::listener: return value::string(message_.listener);
    case fact_slot::reverse_path: return value::string(message_.reverse_path);
    case fact_slot::header_from: return value::string(message_.header_from);
    case fact_slot::subject: return value::string(message_.subject);
    case fact_slot::campaign: return value::string(message_.campaign);
    case fact_slot::template_name: return value::string(message_.template_name);
    case fact_slot::message_id: return value::string(message_.message_id);
    case fact_slot::header: return value::map(header_);
    case fact_slot::headers: return value::map(headers_);
    case fact_slot::tags: return value::list(tags_);
    case fact_slot::metadata: return value::map(metadata_);
    case fact_slot::size: return value::integer(static_cast<std::int64_t>(message_.size));
    case fact_slot::recipients: return value::integer(static_cast<std::int64_t>(message_.recipients));
    default: return value::null();
  }
}

value fact_activation::of_candidate(std::uint16_t slot) const {
  switch (static_cast<fact_slot>(slot)) {
    case fact_slot::name: return value::string(candidate_ == nullptr ? std::string_view{} : candidate_->name);
    case fact_slot::zone: return value::string(candidate_ == nullptr ? std::string_view{} : candidate_->zone);
    case fact_slot::adapter: return value::string(candidate_ == nullptr ? std::string_view{} : candidate_->adapter);
    case fact_slot::labels: return value::map(labels_);
    default: return value::null();
  }
}

value fact_activation::call(std::uint16_t function, std::span<const value> arguments, evaluation_memory& memory) const {
  const auto fail = [&](std::string_view message) {
    return value::error(*memory.make<expression::evaluation_fault>(expression::evaluation_fault{message}));
  };
  if (live_ == nullptr) return fail("there is no live state here");
  if (arguments.size() != 1 || !arguments[0].is(value_kind::string)) return fail("needs the name of a destination");
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    if (destinations_[i].name != arguments[0].as_text()) continue;
    const destination_status status = live_->destination(i, about_->stream);
    switch (static_cast<fact_function>(function)) {
      case fact_function::available: return value::boolean(status.unavailable == candidate_reason::none);
      case fact_function::backlog: return value::integer(status.backlog);
      case fact_function::spent: return value::real(status.spent);
    }
  }
  return fail("unknown destination");
}

std::optional<value> fact_activation::recipient_map::find(const value& key, evaluation_memory&) const {
  if (!key.is(value_kind::string)) return std::nullopt;
  if (key.as_text() == "address") return value::string(about_ == nullptr ? "" : about_->recipient);
  if (key.as_text() == "local") return value::string(about_ == nullptr ? "" : about_->recipient_local);
  if (key.as_text() == "domain") return value::string(about_ == nullptr ? "" : about_->recipient_domain);
  return std::nullopt;
}

void fact_activation::recipient_map::keys(std::span<value> out) const {
  out[0] = value::string("address");
  out[1] = value::string("local");
  out[2] = value::string("domain");
}

std::optional<value> fact_activation::text_map::find(const value& key, evaluation_memory&) const {
  if (entries_ == nullptr || !key.is(value_kind::string)) return std::nullopt;
  // Few entries, in order of their names; a search by view needs no string of its own.
  const auto found =
      std::find_if(entries_->begin(), entries_->end(), [&](const auto& entry) { return entry.first == key.as_text(); });
  if (found == entries_->end()) return std::nullopt;
  return value::string(found->second);
}

void fact_activation::text_map::keys(std::span<value> out) const {
  if (entries_ == nullptr) return;
  std::size_t i = 0;
  for (const auto& [name, mapped] : *entries_) out[i++] = value::string(name);
}

}  // namespace stellwerk::policy
