#include "gateway/config/decoder.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"

namespace stellwerk::config {
namespace {

struct unit {
  std::string_view name;
  double factor;
};

// "12.5KB" -> 12.5 times the unit's factor; nullopt without a known unit.
std::optional<double> with_unit(std::string_view text, std::initializer_list<unit> units) {
  std::size_t digits = 0;
  while (digits < text.size() && (std::isdigit(static_cast<unsigned char>(text[digits])) != 0 || text[digits] == '.'))
    ++digits;
  const auto value = parse_number(text.substr(0, digits));
  if (!value) return std::nullopt;
  const std::string_view name = text.substr(digits);
  for (const unit& one : units) {
    if (one.name == name) return *value * one.factor;
  }
  return std::nullopt;
}

// Notes what a reader left in `out`, whichever way it ends.
template <class T>
class noted {
 public:
  noted(map_reader& fields, std::string_view key, const T& out) : fields_{fields}, key_{key}, out_{out} {}
  noted(const noted&) = delete;
  noted& operator=(const noted&) = delete;
  ~noted() { fields_.note(key_, text_of(out_)); }

 private:
  static std::string text_of(const std::string& value) { return value.empty() ? "not set" : value; }
  static std::string text_of(bool value) { return value ? "true" : "false"; }
  static std::string text_of(std::uint32_t value) { return std::to_string(value); }
  static std::string text_of(std::uint64_t value) { return std::to_string(value); }
  static std::string text_of(double value) { return fmt::format("{}", value); }
  static std::string text_of(duration value) {
    for (const auto& [unit, name] : {std::pair{3'600'000, "h"}, {60'000, "m"}, {1000, "s"}}) {
      if (value.count() != 0 && value.count() % unit == 0) return std::to_string(value.count() / unit) + name;
    }
    return std::to_string(value.count()) + "ms";
  }
  static std::string text_of(const policy::money& value) { return fmt::format("{} {}", value.amount, value.currency); }
  static std::string text_of(const std::vector<std::string>& values) {
    return fmt::format("[{}]", fmt::join(values, ", "));
  }
  template <class V>
  static std::string text_of(const std::optional<V>& value) {
    return value ? text_of(*value) : "not set";
  }

  map_reader& fields_;
  std::string_view key_;
  const T& out_;
};

}  // namespace

void setting_book::note(const std::string& path, std::string value, position at) {
  const auto [known, is_new] = index_.emplace(path, settings_.size());
  if (is_new) {
    settings_.push_back({path, std::move(value), at});
  } else {
    settings_[known->second].value = std::move(value);
  }
}

void map_reader::note(std::string_view key, std::string value) {
  const yaml_node* found = node_ == nullptr ? nullptr : node_->find(key);
  context_.in_force.note(path_of(key), std::move(value), found == nullptr ? position{} : found->at);
}

std::optional<double> parse_number(std::string_view text) {
  if (text.empty() || (std::isdigit(static_cast<unsigned char>(text[0])) == 0 && text[0] != '-')) return std::nullopt;
  // 012 is no number here: YAML reads it as octal, people as twelve.
  if (text.size() > 1 && text[0] == '0' && text[1] != '.') return std::nullopt;
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<duration> parse_duration(std::string_view text) {
  const auto ms = with_unit(text, {{"ms", 1}, {"s", 1000}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}});
  if (!ms || *ms < 0 || *ms > 1e14) return std::nullopt;
  return duration{static_cast<long long>(*ms)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = with_unit(text, {{"", 1},
                                      {"B", 1},
                                      {"KB", 1e3},
                                      {"MB", 1e6},
                                      {"GB", 1e9},
                                      {"TB", 1e12},
                                      {"KiB", 1024.},
                                      {"MiB", 1048576.},
                                      {"GiB", 1073741824.},
                                      {"TiB", 1099511627776.}});
  if (!bytes || *bytes < 0 || *bytes > 1e18) return std::nullopt;
  return static_cast<std::uint64_t>(*bytes);
}

std::optional<double> parse_rate(std::string_view text) {
  const auto rate = with_unit(text, {{"/s", 1}, {"/m", 1 / 60.}, {"/h", 1 / 3600.}});
  return rate && *rate > 0 ? rate : std::nullopt;
}

std::optional<double> parse_percent(std::string_view text) {
  const auto share = with_unit(text, {{"%", 0.01}});
  return share && *share >= 0 && *share <= 1 ? share : std::nullopt;
}

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_decimal(text.substr(0, 4));
  const auto month = parse_decimal(text.substr(5, 2));
  const auto day = parse_decimal(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  return date.ok() ? std::optional{std::chrono::sys_days{date}} : std::nullopt;
}

std::optional<policy::money> parse_money(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto amount = parse_number(text.substr(0, space));
  const std::string_view currency = text.substr(space + 1);
  if (!amount || *amount < 0 || currency.size() != 3) return std::nullopt;
  for (const char c : currency) {
    if (c < 'A' || c > 'Z') return std::nullopt;
  }
  return policy::money{*amount, std::string{currency}};
}

std::string nearest_hint(std::string_view name, const std::vector<std::string>& known) {
  std::size_t best = 1 + std::max<std::size_t>(1, name.size() / 3);
  const std::string* found = nullptr;
  for (const std::string& one : known) {
    const std::size_t distance = edit_distance(ascii_lower(name), ascii_lower(one), best);
    if (distance < best) {
      best = distance;
      found = &one;
    }
  }
  return found == nullptr ? "" : "; did you mean '" + *found + "'?";
}

position fault_sink::place_of(const std::string& path) const {
  std::string_view at = path;
  for (;;) {
    if (const auto known = places_.find(std::string{at}); known != places_.end()) return known->second;
    const auto cut = at.find_last_of(".[");
    if (cut == std::string_view::npos) return {};
    at = at.substr(0, cut);
  }
}

void fault_sink::add_at(const std::string& path, std::string reason, std::size_t column_offset) {
  position where = place_of(path);
  // A quoted scalar begins with its quote: columns inside count behind it.
  if (column_offset > 0 && places_.contains(path)) where.column += column_offset;
  faults_.push_back({where, path, std::move(reason)});
}

bool fault_sink::has_below(const std::string& path) const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [&](const config_fault& one) { return one.path.starts_with(path); });
}

map_reader::map_reader(const yaml_node* node, std::string path, const load_context& context)
    : node_{node}, path_{std::move(path)}, context_{context} {
  if (node_ == nullptr) return;
  context_.faults.remember(path_, *node_);
  if (node_->what == yaml_node::kind::null) {
    node_ = nullptr;
  } else if (node_->what != yaml_node::kind::map) {
    context_.faults.add(*node_, path_, "a map is expected");
    node_ = nullptr;
  }
}

const yaml_node* map_reader::get(std::string_view key) {
  asked_.emplace(key);
  if (node_ == nullptr) return nullptr;
  const yaml_node* found = node_->find(key);
  if (found == nullptr) return nullptr;
  context_.faults.remember(path_of(key), *found);
  return found->what == yaml_node::kind::null ? nullptr : found;
}

const yaml_node* map_reader::scalar(std::string_view key, std::string_view expected) {
  const yaml_node* found = get(key);
  if (found == nullptr) return nullptr;
  if (found->what == yaml_node::kind::scalar) return found;
  context_.faults.add(*found, path_of(key), std::string{expected} + " is expected");
  return nullptr;
}

void map_reader::fault(std::string_view key, std::string reason) {
  const yaml_node* at = node_ == nullptr ? nullptr : node_->find(key);
  yaml_node key_alone;
  if (at != nullptr && at->what == yaml_node::kind::null) {  // nothing stands there: the key is the place
    key_alone.at = at->key_at;
    at = &key_alone;
  }
  if (at == nullptr) at = node_;
  context_.faults.add(at == nullptr ? yaml_node{} : *at, path_of(key), std::move(reason));
}

void map_reader::require(std::string_view key) {
  if (!has(key)) fault(key, "is required");
}

void map_reader::text(std::string_view key, std::string& out) {
  const noted shown{*this, key, out};
  if (const yaml_node* found = scalar(key, "text")) out = found->text;
}

void map_reader::boolean(std::string_view key, bool& out) {
  const noted shown{*this, key, out};
  const yaml_node* found = scalar(key, "true or false");
  if (found == nullptr) return;
  if (!found->quoted && found->text == "true") {
    out = true;
  } else if (!found->quoted && found->text == "false") {
    out = false;
  } else {
    fault(key, "true or false is expected, not '" + found->text + "'");
  }
}

void map_reader::integer64(std::string_view key, std::uint64_t& out) {
  const noted shown{*this, key, out};
  const yaml_node* found = scalar(key, "a whole number");
  if (found == nullptr) return;
  const auto value = parse_decimal(found->text);
  if (!value || found->quoted || (found->text.size() > 1 && found->text[0] == '0')) {
    fault(key, "a whole decimal number is expected, not '" + found->text + "'");
    return;
  }
  out = *value;
}

void map_reader::integer(std::string_view key, std::uint32_t& out, std::uint32_t least) {
  const noted shown{*this, key, out};
  std::uint64_t value = out;
  integer64(key, value);
  if (value < least || value > 1'000'000'000) {
    fault(key, "must be between " + std::to_string(least) + " and 1000000000");
    return;
  }
  out = static_cast<std::uint32_t>(value);
}

void map_reader::number(std::string_view key, double& out) {
  const noted shown{*this, key, out};
  const yaml_node* found = scalar(key, "a number");
  if (found == nullptr) return;
  if (const auto value = parse_number(found->text); value && !found->quoted) {
    out = *value;
  } else {
    fault(key, "a decimal number is expected, not '" + found->text + "'");
  }
}

void map_reader::duration_value(std::string_view key, duration& out) {
  const noted shown{*this, key, out};
  std::optional<duration> value;
  optional_duration(key, value);
  if (value) out = *value;
}

void map_reader::optional_duration(std::string_view key, std::optional<duration>& out) {
  const noted shown{*this, key, out};
  const yaml_node* found = scalar(key, "a duration");
  if (found == nullptr) return;
  const auto value = parse_duration(found->text);
  value ? void(out = value)
        : fault(key, "a duration such as 250ms, 30s, 5m or 4h is expected, not '" + found->text + "'");
}

void map_reader::size(std::string_view key, std::uint64_t& out) {
  const noted shown{*this, key, out};
  const yaml_node* found = scalar(key, "a size");
  if (found == nullptr) return;
  const auto value = parse_size(found->text);
  value ? void(out = *value) : fault(key, "a size such as 10KB, 25MB or 64KiB is expected, not '" + found->text + "'");
}

void map_reader::rate(std::string_view key, std::optional<double>& out) {
  note(key, out ? fmt::format("{}/s", *out) : "not set");
  const yaml_node* found = scalar(key, "a rate");
  if (found == nullptr) return;
  const auto value = parse_rate(found->text);
  if (!value) return fault(key, "a rate such as 500/s, 50/m or 10/h is expected, not '" + found->text + "'");
  out = value;
  note(key, found->text);
}

void map_reader::percent(std::string_view key, double& out) {
  note(key, fmt::format("{}%", out * 100));
  const yaml_node* found = scalar(key, "a percentage");
  if (found == nullptr) return;
  const auto value = parse_percent(found->text);
  if (!value) return fault(key, "a percentage such as 50% is expected, not '" + found->text + "'");
  out = *value;
  note(key, found->text);
}

void map_reader::money_value(std::string_view key, std::optional<policy::money>& out) {
  const noted shown{*this, key, out};
  const yaml_node* found = scalar(key, "an amount");
  if (found == nullptr) return;
  const auto value = parse_money(found->text);
  value ? void(out = value) : fault(key, "an amount such as '0.85 EUR' is expected, not '" + found->text + "'");
}

void map_reader::texts(std::string_view key, std::vector<std::string>& out) {
  const noted shown{*this, key, out};
  const yaml_node* found = get(key);
  if (found == nullptr) return;
  if (found->what != yaml_node::kind::list) {
    fault(key, "a list is expected");
    return;
  }
  out.clear();
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    const yaml_node& item = found->items[i];
    if (item.what != yaml_node::kind::scalar) {
      context_.faults.add(item, path_of(key) + "[" + std::to_string(i) + "]", "text is expected");
      continue;
    }
    context_.faults.remember(path_of(key) + "[" + std::to_string(i) + "]", item);
    out.push_back(item.text);
  }
}

void map_reader::file_path(std::string_view key, std::string& out) {
  text(key, out);
  const noted shown{*this, key, out};
  if (!out.empty() && out[0] != '/' && !context_.directory.empty()) out = context_.directory + "/" + out;
}

void map_reader::secret_or_text(std::string_view key, std::string& out) {
  const yaml_node* found = get(key);
  if (found != nullptr && found->what == yaml_node::kind::scalar) {
    out = found->text;
    note(key, "********");
  } else {
    secret(key, out);
  }
}

void map_reader::secret(std::string_view key, std::string& out) {
  const yaml_node* found = get(key);
  note(key, found != nullptr || !out.empty() ? "********" : "not set");
  if (found == nullptr) return;
  if (found->what != yaml_node::kind::map || found->fields.size() != 1) {
    fault(key, "a secret is given as {env: NAME} or {file: PATH}, never in the file itself");
    return;
  }
  map_reader inner{found, path_of(key), context_};
  std::string name;
  if (inner.has("env")) {
    inner.text("env", name);
    const auto value = context_.environment(name);
    value ? void(out = *value) : inner.fault("env", "the environment has no '" + name + "'");
  } else {
    inner.file_path("file", name);
    const auto value = name.empty() ? std::nullopt : context_.read_file(name);
    if (value) {
      out = std::string{trim(*value)};
    } else if (inner.has("file")) {
      inner.fault("file", "cannot be read");
    }
  }
  inner.finish();
}

std::optional<std::size_t> map_reader::choose(std::string_view key, const std::vector<std::string_view>& names) {
  const yaml_node* found = scalar(key, "a word");
  if (found == nullptr) return std::nullopt;
  std::string list;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == found->text) return i;
    list += (i == 0 ? "" : ", ") + std::string{names[i]};
    known.emplace_back(names[i]);
  }
  fault(key, "'" + found->text + "' is none of " + list + nearest_hint(found->text, known));
  return std::nullopt;
}

void map_reader::finish() {
  if (node_ == nullptr) return;
  const std::vector<std::string> known{asked_.begin(), asked_.end()};
  for (const auto& [key, value] : node_->fields) {
    if (asked_.contains(key)) continue;
    yaml_node place;
    place.at = value.key_at;
    std::string hint = nearest_hint(key, known);
    if (hint.empty()) hint = "; known are " + fmt::format("{}", fmt::join(known, ", "));
    context_.faults.add(place, path_of(key), "unknown key '" + key + "'" + hint);
  }
}

}  // namespace stellwerk::config
