// signals: the built-in opinion on what stream an unlabelled message belongs to. One documented table over headers,
// fan-out and content, German and English; each signal points to a stream with a weight.
//
// The thresholds are not alike: marketing taken for transactional costs a slot, a password reset taken for marketing
// waits behind a newsletter. So `marketing` needs the larger sum, and below the thresholds the table says nothing.
// Bounded time: of a part the head and the tail are looked at (`signal_window`), by RE2, without rendering: what a
// message is about stands at its beginning, and what it owes to the law (unsubscribe, imprint) at its end. Of very long
// parts only the first `signal_decoded_max` octets are decoded at all, and their end is the tail. Thread rule: pure;
// the compiled table is shared and immutable.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mail/traffic_stream.hpp"

namespace stellwerk::policy {

struct signal_window {
  std::size_t head = 0;
  std::size_t tail = 0;
};
inline constexpr signal_window signal_text_window{8 * 1024, 4 * 1024};
inline constexpr signal_window signal_html_window{32 * 1024, 8 * 1024};  // markup takes most of it
inline constexpr std::size_t signal_decoded_max = 128 * 1024;            // octets of a part that are decoded at all
inline constexpr double marketing_threshold = 3.0;                       // marketing sum minus transactional sum
inline constexpr double transactional_threshold = 1.5;                   // the other way round

enum class signal_place : std::uint8_t { header, recipients, subject, body };
[[nodiscard]] std::string_view to_string(signal_place place);

struct signal_description {
  std::string_view name;
  mail::traffic_stream points_to;
  double weight;
  signal_place place;
  std::string_view looks_for;  // for docs/policy.md
};
[[nodiscard]] std::span<const signal_description> signal_table();

struct signal_input {
  // The first field of that (lower-case) name, unfolded; nullopt if absent.
  std::function<std::optional<std::string>(std::string_view name)> header;
  std::uint64_t recipients = 1;  // of the submission
  std::string_view subject;      // decoded
  std::string_view text;         // text/plain, decoded to UTF-8
  std::string_view html;         // text/html, decoded to UTF-8, tags in it
};

struct signal_hit {
  const signal_description* what = nullptr;
};

struct signal_report {
  std::optional<mail::traffic_stream> stream;  // nullopt: says nothing
  double transactional = 0;                    // sums of the weights
  double marketing = 0;
  std::vector<signal_hit> hits;
};
[[nodiscard]] signal_report evaluate_signals(const signal_input& input);

}  // namespace stellwerk::policy
