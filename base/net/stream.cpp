#include "base/net/stream.hpp"

namespace stellwerk::net {

std::string endpoint_address::to_string() const {
  const bool is_v6 = ip.find(':') != std::string::npos;
  std::string text;
  text.reserve(ip.size() + 8);
  if (is_v6) text += '[';
  text += ip;
  if (is_v6) text += ']';
  text += ':';
  text += std::to_string(port);
  return text;
}

async::awaitable<result<void>> stream::write_one(std::string_view bytes) {
  const std::string_view parts[1] = {bytes};
  co_return co_await write_all(parts);
}

}  // namespace stellwerk::net
