#include "adapters/smtp/classify.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.hpp"

namespace stellwerk::adapters::smtp {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;

inline constexpr std::size_t reply_octets_kept = 512;

// A 4xx that names a rate or a number of connections: the peer lives, it only wants less. Per-mailbox limits (4.2.x)
// are not meant: they are the recipient's matter.
constexpr std::array throttle_phrases{
    std::string_view{"too many connections"},
    std::string_view{"too many concurrent"},
    std::string_view{"too many sessions"},
    std::string_view{"too many messages"},
    std::string_view{"number of connections"},
    std::string_view{"connection limit"},
    std::string_view{"connection rate"},
    std::string_view{"rate limit"},
    std::string_view{"rate-limit"},
    std::string_view{"ratelimit"},
    std::string_view{"rate exceeded"},
    std::string_view{"message rate"},
    std::string_view{"sending rate"},
    std::string_view{"throttl"},
};

// A 4xx that a mailbox provider behind this destination gave: it limits the path to itself, not the destination.
constexpr std::array provider_statuses{
    mail::enhanced_status{4, 7, 28},   // Google: unusual volume
    mail::enhanced_status{4, 7, 500},  // Microsoft 365: server busy, per source
    mail::enhanced_status{4, 7, 650},  // Microsoft: rate limited for reputation
    mail::enhanced_status{4, 7, 651},
};
constexpr std::array provider_phrases{
    std::string_view{"[tss0"},
    std::string_view{"[ts0"},
    std::string_view{"unusual rate of unsolicited"},
    std::string_view{"(rp-00"},
};

// A 5xx at RCPT or after the dot that speaks of us or of our permission, not of the mailbox.
constexpr std::array policy_phrases{
    std::string_view{"relay"},     std::string_view{"access denied"}, std::string_view{"blocked"},
    std::string_view{"blacklist"}, std::string_view{"blocklist"},     std::string_view{"block list"},
};

constexpr std::array full_phrases{std::string_view{"too many recipients"}};

bool names_one_of(const mail::reply& answer, std::span<const std::string_view> phrases) {
  const auto holds_phrase = [phrases](const std::string& line) {
    const std::string lower = ascii_lower(line);
    return std::ranges::any_of(phrases,
                               [&lower](std::string_view phrase) { return lower.find(phrase) != std::string::npos; });
  };
  return std::ranges::any_of(answer.lines, holds_phrase);
}

bool has_subject(const mail::reply& answer, std::uint16_t subject) {
  return answer.status && answer.status->subject == subject;
}

bool has_status(const mail::reply& answer, mail::enhanced_status status) { return answer.status == status; }

bool is_throttle(const mail::reply& answer) {
  return answer.is_transient() && !has_subject(answer, 2) && names_one_of(answer, throttle_phrases);
}

bool is_provider_deferral(const mail::reply& answer) {
  if (!answer.is_transient()) return false;
  if (answer.status && std::ranges::find(provider_statuses, *answer.status) != provider_statuses.end()) return true;
  return names_one_of(answer, provider_phrases);
}

// RFC 4954: these codes are about our credentials, whatever command they answer.
bool is_account_code(int code) { return code == 530 || code == 534 || code == 535; }

attempt_outcome at_opening(const mail::reply& answer) {
  return is_throttle(answer) ? attempt_outcome::throttled : attempt_outcome::deferred_destination;
}

attempt_outcome at_auth(const mail::reply& answer) {
  if (answer.is_transient()) return at_opening(answer);
  if (is_account_code(answer.code) || has_subject(answer, 7)) return attempt_outcome::refused_account;
  return attempt_outcome::adapter_fault;
}

bool is_size_refusal(const mail::reply& answer) {
  // RFC 1870: a 552 without an enhanced status is about the size.
  return answer.is_permanent() && (has_status(answer, {5, 3, 4}) || (answer.code == 552 && !answer.status));
}

attempt_outcome at_mail(const mail::reply& answer) {
  if (answer.is_transient()) {
    if (is_throttle(answer)) return attempt_outcome::throttled;
    // 421 closes the session whatever it says besides; it is the destination that goes away.
    if (answer.code == 421) return attempt_outcome::deferred_destination;
    const bool about_sender = has_subject(answer, 1) || has_subject(answer, 7);
    return about_sender ? attempt_outcome::deferred_recipient : attempt_outcome::deferred_destination;
  }
  if (is_account_code(answer.code)) return attempt_outcome::refused_account;
  return is_size_refusal(answer) ? attempt_outcome::rejected_message : attempt_outcome::refused_sender;
}

attempt_outcome at_rcpt(const mail::reply& answer) {
  if (answer.is_transient()) {
    if (is_provider_deferral(answer)) return attempt_outcome::deferred_mailbox_provider;
    if (is_throttle(answer)) return attempt_outcome::throttled;
    return answer.code == 421 ? attempt_outcome::deferred_destination : attempt_outcome::deferred_recipient;
  }
  if (is_account_code(answer.code)) return attempt_outcome::refused_account;
  if (has_subject(answer, 1) || has_subject(answer, 2)) return attempt_outcome::rejected_recipient;
  if (has_subject(answer, 7) || names_one_of(answer, policy_phrases)) return attempt_outcome::refused_policy;
  if (has_status(answer, {5, 3, 4})) return attempt_outcome::rejected_message;
  // 500 to 504 with 5.5.x: our command was not understood; nobody's mailbox is to blame.
  if (has_subject(answer, 5) && answer.code <= 504) return attempt_outcome::adapter_fault;
  return attempt_outcome::rejected_recipient;
}

attempt_outcome at_data(const mail::reply& answer) {
  if (answer.is_permanent()) return attempt_outcome::rejected_message;
  return is_throttle(answer) ? attempt_outcome::throttled : attempt_outcome::deferred_destination;
}

attempt_outcome at_dot(const mail::reply& answer) {
  if (answer.is_transient()) {
    if (is_provider_deferral(answer)) return attempt_outcome::deferred_mailbox_provider;
    if (is_throttle(answer)) return attempt_outcome::throttled;
    const bool destination = answer.code == 421 || has_subject(answer, 3) || has_subject(answer, 4);
    return destination ? attempt_outcome::deferred_destination : attempt_outcome::deferred_recipient;
  }
  const bool policy = has_subject(answer, 7) || (!is_size_refusal(answer) && names_one_of(answer, policy_phrases));
  return policy ? attempt_outcome::refused_policy : attempt_outcome::rejected_message;
}

attempt_outcome outcome_at(attempt_stage stage, const mail::reply& answer) {
  switch (stage) {
    case attempt_stage::connect:
    case attempt_stage::greeting:
    case attempt_stage::ehlo:
    case attempt_stage::starttls: return at_opening(answer);
    case attempt_stage::auth: return at_auth(answer);
    case attempt_stage::mail: return at_mail(answer);
    case attempt_stage::rcpt: return at_rcpt(answer);
    case attempt_stage::data: return at_data(answer);
    case attempt_stage::dot: return at_dot(answer);
    case attempt_stage::request:
    case attempt_stage::response: break;
  }
  return attempt_outcome::adapter_fault;
}

// Which capability a rejected message ran into: another candidate is tried only where it differs there.
std::string_view refused_point_of(const mail::reply& answer) {
  if (is_size_refusal(answer)) return "size";
  if (has_status(answer, {5, 6, 3})) return "8bitmime";
  if (has_status(answer, {5, 6, 7}) || has_status(answer, {5, 6, 9})) return "smtputf8";
  return {};
}

mail::recipient_outcome without_reply(attempt_outcome outcome, attempt_stage stage, std::string_view why) {
  mail::recipient_outcome fate;
  fate.outcome = outcome;
  fate.stage = stage;
  fate.reply = why;
  return fate;
}

}  // namespace

std::string kept_text(const mail::reply& answer) {
  std::string text = answer.to_string();
  if (text.size() > reply_octets_kept) text.resize(reply_octets_kept);
  return text;
}

mail::recipient_outcome classify_reply(attempt_stage stage, const mail::reply& answer) {
  if (stage == attempt_stage::dot && answer.code >= 200 && answer.code < 300) {
    mail::recipient_outcome taken = without_reply(attempt_outcome::delivered, stage, kept_text(answer));
    taken.code = answer.code;
    if (answer.status) taken.enhanced_status = answer.status->to_string();
    return taken;
  }
  if (answer.is_positive()) {  // not what the stage asks for: the two sides are out of step
    return stage == attempt_stage::dot ? lost_after_content("unexpected reply: " + answer.to_string())
                                       : lost_before_content(stage, "unexpected reply: " + answer.to_string());
  }
  mail::recipient_outcome fate;
  fate.outcome = outcome_at(stage, answer);
  fate.stage = stage;
  fate.code = answer.code;
  if (answer.status) fate.enhanced_status = answer.status->to_string();
  fate.reply = kept_text(answer);
  if (fate.outcome == attempt_outcome::rejected_message) fate.refused_point = refused_point_of(answer);
  return fate;
}

bool says_transaction_full(const mail::reply& answer) {
  if (answer.code == 452) {
    return has_status(answer, {4, 5, 3}) || (!answer.status && names_one_of(answer, full_phrases));
  }
  return answer.code == 552 && !has_status(answer, {5, 3, 4});
}

mail::recipient_outcome lost_before_content(attempt_stage stage, std::string_view why) {
  return without_reply(attempt_outcome::deferred_destination, stage, why.substr(0, reply_octets_kept));
}

mail::recipient_outcome lost_after_content(std::string_view why) {
  return without_reply(attempt_outcome::unknown, attempt_stage::dot, why.substr(0, reply_octets_kept));
}

mail::recipient_outcome unreachable(attempt_stage stage, std::string_view why) {
  mail::recipient_outcome fate = without_reply(attempt_outcome::deferred_destination, stage, why);
  fate.connect_class = true;
  return fate;
}

mail::recipient_outcome beyond_capability(std::string_view refused_point, std::string_view status,
                                          std::string_view why) {
  mail::recipient_outcome fate = without_reply(attempt_outcome::rejected_message, attempt_stage::mail, why);
  fate.enhanced_status = status;
  fate.refused_point = refused_point;
  return fate;
}

}  // namespace stellwerk::adapters::smtp
