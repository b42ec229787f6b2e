#include "policy/classify/signals.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

#include <re2/re2.h>
#include <re2/set.h>

#include "policy/classify/folded_text.hpp"
#include "policy/classify/signal_patterns.hpp"

namespace stellwerk::policy {
namespace {

constexpr std::uint64_t many_recipients = 20;

// The patterns of one place as one RE2 set: a single pass tells which of them match.
class pattern_set {
 public:
  explicit pattern_set(signal_place place) : set_{RE2::Options{RE2::Latin1}, RE2::UNANCHORED} {
    for (const signal_row& row : signal_rows()) {
      if (row.shown.place != place) continue;
      std::string fault;
      if (set_.Add(std::string{row.pattern}, &fault) < 0)
        throw std::logic_error{std::string{row.shown.name} + ": " + fault};
      rows_.push_back(&row);
    }
    if (!set_.Compile()) throw std::logic_error{"signals: out of memory"};
  }

  void match(const std::string& folded, std::vector<bool>& hit) const {
    std::vector<int> found;
    set_.Match(folded, &found);
    const signal_row* const first = signal_rows().data();
    for (const int index : found) hit[static_cast<std::size_t>(rows_[static_cast<std::size_t>(index)] - first)] = true;
  }

 private:
  RE2::Set set_;
  std::vector<const signal_row*> rows_;
};

struct compiled_table {
  compiled_table() : subject{signal_place::subject}, body{signal_place::body} {
    for (const signal_row& row : signal_rows()) {
      descriptions.push_back(row.shown);
      header.push_back(row.shown.place == signal_place::header && !row.pattern.empty()
                           ? std::make_unique<RE2>(std::string{row.pattern}, RE2::Latin1)
                           : nullptr);
    }
  }
  pattern_set subject;
  pattern_set body;
  std::vector<std::unique_ptr<RE2>> header;
  std::vector<signal_description> descriptions;
};

const compiled_table& table() {
  static const compiled_table compiled;
  return compiled;
}

std::string fold_window(std::string_view text, markup kind, const signal_window& window) {
  if (text.size() <= window.head + window.tail) return fold_text(text, kind, text.size());
  std::string_view tail = text.substr(text.size() - window.tail);
  if (kind == markup::html) tail.remove_prefix(std::min(tail.find('<'), tail.size()));  // not from inside a tag
  return fold_text(text, kind, window.head) + ' ' + fold_text(tail, kind, window.tail);
}

bool header_hits(const signal_row& row, const RE2* pattern, const signal_input& input) {
  const auto value = input.header(row.key);
  if (!value) return false;
  return pattern == nullptr || RE2::PartialMatch(fold_window(*value, markup::none, signal_text_window), *pattern);
}

}  // namespace

std::string_view to_string(signal_place place) {
  switch (place) {
    case signal_place::header: return "header";
    case signal_place::recipients: return "recipients";
    case signal_place::subject: return "subject";
    case signal_place::body: return "body";
  }
  return "body";
}

std::span<const signal_description> signal_table() { return table().descriptions; }

signal_report evaluate_signals(const signal_input& input) {
  const compiled_table& compiled = table();
  const auto rows = signal_rows();
  std::vector<bool> hit(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].shown.place == signal_place::header) hit[i] = header_hits(rows[i], compiled.header[i].get(), input);
    if (rows[i].shown.place == signal_place::recipients) hit[i] = input.recipients > many_recipients;
  }
  compiled.subject.match(fold_window(input.subject, markup::none, signal_text_window), hit);
  if (!input.text.empty()) compiled.body.match(fold_window(input.text, markup::none, signal_text_window), hit);
  if (!input.html.empty()) compiled.body.match(fold_window(input.html, markup::html, signal_html_window), hit);

  signal_report report;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!hit[i]) continue;
    const signal_description& row = compiled.descriptions[i];
    (row.points_to == mail::traffic_stream::marketing ? report.marketing : report.transactional) += row.weight;
    report.hits.push_back({&row});
  }
  const double lean = report.marketing - report.transactional;
  if (lean >= marketing_threshold) report.stream = mail::traffic_stream::marketing;
  if (-lean >= transactional_threshold) report.stream = mail::traffic_stream::transactional;
  return report;
}

}  // namespace stellwerk::policy
