// Typed reading of a YAML tree: every fault is collected with its position and path, unknown keys with the nearest
// known name. A value that is wrong leaves the default in place, so that reading goes on to the next fault.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "gateway/config/fault.hpp"
#include "gateway/config/yaml_tree.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::config {

// Collects faults and remembers where each path stands, so that later checks (compiled conditions) can name the place.
class fault_sink {
 public:
  void add(const yaml_node& where, const std::string& path, std::string reason) {
    faults_.push_back({where.at, path, std::move(reason)});
  }
  void add_at(const std::string& path, std::string reason, std::size_t column_offset = 0);
  void add_all(std::vector<config_fault> faults) { faults_.insert(faults_.end(), faults.begin(), faults.end()); }
  // Is there a fault at `path` or below it?
  [[nodiscard]] bool has_below(const std::string& path) const;
  // Of the path, or of the nearest place around it that was read.
  [[nodiscard]] position place_of(const std::string& path) const;
  void remember(const std::string& path, const yaml_node& where) { places_.emplace(path, where.at); }
  [[nodiscard]] std::vector<config_fault> take() { return std::move(faults_); }
  [[nodiscard]] bool empty() const { return faults_.empty(); }

 private:
  std::vector<config_fault> faults_;
  std::map<std::string, position> places_;
};

// Collects what is in force, each path once; what is noted last about a path is its value.
class setting_book {
 public:
  void note(const std::string& path, std::string value, position at);
  [[nodiscard]] std::vector<effective_setting> take() { return std::move(settings_); }

 private:
  std::vector<effective_setting> settings_;
  std::map<std::string, std::size_t> index_;
};

// Where secrets and relative paths come from.
struct load_context {
  fault_sink& faults;
  setting_book& in_force;
  std::string directory;  // of the configuration file
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::function<std::optional<std::string>(const std::string&)> read_file;
};

[[nodiscard]] std::optional<duration> parse_duration(std::string_view text);           // 250ms 30s 5m 4h 72h 3d
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);          // 10KB 25MB 64KiB 512
[[nodiscard]] std::optional<double> parse_rate(std::string_view text);                 // 500/s 50/m 10/h, per second
[[nodiscard]] std::optional<double> parse_percent(std::string_view text);              // 50% as 0.5
[[nodiscard]] std::optional<policy::money> parse_money(std::string_view text);         // 0.85 EUR
[[nodiscard]] std::optional<std::chrono::sys_days> parse_date(std::string_view text);  // 2026-12-01
[[nodiscard]] std::optional<double> parse_number(std::string_view text);               // decimal; no octal, no hex

// One map of the file. Each key is asked for once; finish() reports the ones nobody asked for.
class map_reader {
 public:
  map_reader(const yaml_node* node, std::string path, const load_context& context);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view key) const {
    return path_.empty() ? std::string{key} : path_ + "." + std::string{key};
  }
  [[nodiscard]] const yaml_node* get(std::string_view key);  // null when absent or null
  [[nodiscard]] bool has(std::string_view key) const { return node_ != nullptr && node_->find(key) != nullptr; }

  void text(std::string_view key, std::string& out);
  void boolean(std::string_view key, bool& out);
  void integer(std::string_view key, std::uint32_t& out, std::uint32_t least = 0);
  void integer64(std::string_view key, std::uint64_t& out);
  void number(std::string_view key, double& out);
  void duration_value(std::string_view key, duration& out);
  void optional_duration(std::string_view key, std::optional<duration>& out);
  void size(std::string_view key, std::uint64_t& out);
  void rate(std::string_view key, std::optional<double>& out);
  void percent(std::string_view key, double& out);
  void money_value(std::string_view key, std::optional<policy::money>& out);
  void texts(std::string_view key, std::vector<std::string>& out);
  void secret(std::string_view key, std::string& out);  // {env: NAME} or {file: PATH}
  void secret_or_text(std::string_view key, std::string& out);
  void file_path(std::string_view key, std::string& out);  // relative to the configuration file
  template <class E>
  void choice(std::string_view key, E& out, std::initializer_list<std::pair<std::string_view, E>> known) {
    std::vector<std::string_view> names;
    for (const auto& one : known) names.push_back(one.first);
    if (const auto at = choose(key, names)) out = (known.begin() + static_cast<std::ptrdiff_t>(*at))->second;
    for (const auto& [word, value] : known) {
      if (value == out) return note(key, std::string{word});
    }
  }
  // The value of `key` as it is in force, where something else than the file has the last word.
  void note(std::string_view key, std::string value);

  void fault(std::string_view key, std::string reason);  // at the key's value, or at the map
  void require(std::string_view key);
  void finish();

 private:
  [[nodiscard]] const yaml_node* scalar(std::string_view key, std::string_view expected);
  [[nodiscard]] std::optional<std::size_t> choose(std::string_view key, const std::vector<std::string_view>& names);

  const yaml_node* node_;
  std::string path_;
  const load_context& context_;
  std::set<std::string, std::less<>> asked_;
};

// "; did you mean 'x'?" when one of `known` is near, else "".
[[nodiscard]] std::string nearest_hint(std::string_view name, const std::vector<std::string>& known);

}  // namespace stellwerk::config
