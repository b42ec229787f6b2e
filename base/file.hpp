// Whole small files: what a person names on a command line or in a configuration. Not for mail: the spool has its own
// seam. Blocking; not for io threads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stellwerk {

// nullopt when it cannot be read. "-" is standard input.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path);
// Line by line, without their line breaks; for files that do not fit into memory. False: it cannot be read.
[[nodiscard]] bool read_lines(const std::string& path, const std::function<void(std::string_view line)>& take);
[[nodiscard]] bool write_file(const std::string& path, std::string_view text);

}  // namespace stellwerk
