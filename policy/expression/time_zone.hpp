// Time zones: "UTC", a fixed offset ("+01:00", "02:00") or a name of the system's time zone database ("Europe/Berlin").
//
// The database is read when an expression is compiled, never when one runs: one zone for a name that is written out,
// all of them (about 600, once in a process) for an expression that computes the name. Safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace stellwerk::policy::expression {

struct time_zone;

[[nodiscard]] std::shared_ptr<const time_zone> load_time_zone(
    std::string_view name);  // null: there is none of that name
void load_time_zones();      // before the first call of seconds_east(name)

[[nodiscard]] std::int64_t seconds_east(const time_zone& zone, std::int64_t seconds_since_epoch);
[[nodiscard]] std::optional<std::int64_t> seconds_east(std::string_view name, std::int64_t seconds_since_epoch);

}  // namespace stellwerk::policy::expression
