#include "policy/expression/time_zone.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include <absl/time/time.h>

namespace stellwerk::policy::expression {

struct time_zone {
  absl::TimeZone rules;
};

namespace {

constexpr std::string_view database = "/usr/share/zoneinfo";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "[+-]hh:mm", in seconds.
std::optional<int> fixed_offset(std::string_view zone) {
  const bool west = zone.starts_with('-');
  if (west || zone.starts_with('+')) zone.remove_prefix(1);
  if (zone.size() != 5 || zone[2] != ':' || !is_digit(zone[0]) || !is_digit(zone[1]) || !is_digit(zone[3]) ||
      !is_digit(zone[4])) {
    return std::nullopt;
  }
  const int hours = (zone[0] - '0') * 10 + (zone[1] - '0');
  const int minutes = (zone[3] - '0') * 10 + (zone[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (west ? -60 : 60) * (hours * 60 + minutes);
}

// A name, and not a path out of the database.
bool is_zone_name(std::string_view name) {
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '+' ||
           c == '/';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '/' && std::all_of(name.begin(), name.end(), allowed);
}

std::optional<absl::TimeZone> find_rules(std::string_view name) {
  if (name == "UTC" || name == "GMT" || name == "Z") return absl::UTCTimeZone();
  if (const auto east = fixed_offset(name)) return absl::FixedTimeZone(*east);
  absl::TimeZone rules;
  if (!is_zone_name(name) || !absl::LoadTimeZone(std::string{name}, &rules)) return std::nullopt;
  return rules;
}

using zones_by_name = std::map<std::string, absl::TimeZone, std::less<>>;

zones_by_name read_database() {
  namespace fs = std::filesystem;
  zones_by_name out;
  std::error_code failure;
  const fs::path root{database};
  fs::recursive_directory_iterator entry{root, failure};
  for (; !failure && entry != fs::recursive_directory_iterator{}; entry.increment(failure)) {
    const std::string name = entry->path().lexically_relative(root).string();
    if (entry->is_directory(failure)) {
      // The same zones once more, one of the two with leap seconds.
      if (name == "posix" || name == "right") entry.disable_recursion_pending();
    } else if (const auto rules = find_rules(name)) {
      out.emplace(name, *rules);
    }
  }
  return out;
}

const zones_by_name& all_zones() {
  static const zones_by_name zones = read_database();
  return zones;
}

std::int64_t east(const absl::TimeZone& rules, std::int64_t seconds_since_epoch) {
  return rules.At(absl::FromUnixSeconds(seconds_since_epoch)).offset;
}

}  // namespace

std::shared_ptr<const time_zone> load_time_zone(std::string_view name) {
  const auto rules = find_rules(name);
  return rules ? std::make_shared<const time_zone>(time_zone{*rules}) : nullptr;
}

void load_time_zones() { static_cast<void>(all_zones()); }

std::int64_t seconds_east(const time_zone& zone, std::int64_t seconds_since_epoch) {
  return east(zone.rules, seconds_since_epoch);
}

std::optional<std::int64_t> seconds_east(std::string_view name, std::int64_t seconds_since_epoch) {
  if (const auto offset = fixed_offset(name)) return *offset;
  if (name == "UTC" || name == "GMT" || name == "Z") return 0;
  const auto found = all_zones().find(name);
  if (found == all_zones().end()) return std::nullopt;
  return east(found->second, seconds_since_epoch);
}

}  // namespace stellwerk::policy::expression
