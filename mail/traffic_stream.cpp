#include "mail/traffic_stream.hpp"

namespace stellwerk::mail {

std::string_view to_string(traffic_stream stream) {
  switch (stream) {
    case traffic_stream::transactional: return "transactional";
    case traffic_stream::marketing: return "marketing";
  }
  return "transactional";
}

std::optional<traffic_stream> parse_traffic_stream(std::string_view text) {
  for (const traffic_stream stream : all_traffic_streams) {
    if (text == to_string(stream)) return stream;
  }
  return std::nullopt;
}

std::string_view to_string(stream_source source) {
  switch (source) {
    case stream_source::pin: return "pin";
    case stream_source::explicit_choice: return "explicit";
    case stream_source::rule: return "rule";
    case stream_source::signal: return "signal";
    case stream_source::default_choice: return "default";
  }
  return "default";
}

}  // namespace stellwerk::mail
