// Small files read whole: certificates, tokens, descriptions. The seam for rooms that may not touch files themselves.
//
// Blocks; not for mail and not for io threads once they serve.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace stellwerk {

// errc::message_too_large beyond `bytes_max`.
[[nodiscard]] result<std::string> read_file_text(const std::string& path, std::size_t bytes_max = 1024 * 1024);

}  // namespace stellwerk
