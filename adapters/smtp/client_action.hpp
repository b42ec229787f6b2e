// What a client dialog asks its driver to do next. The dialogs decide without I/O; smtp_connection acts without
// deciding.
#pragma once

#include <cstdint>
#include <string_view>

#include "mail/attempt_outcome.hpp"

namespace stellwerk::adapters::smtp {

enum class client_step : std::uint8_t {
  write,          // `bytes`
  read_reply,     // one reply, then on_reply or on_lost
  start_tls,      // handshake, then on_tls_ready or on_tls_failed
  write_content,  // the content, stuffed and ended; on_content_committed before its last write
  done,
};

struct client_action {
  client_step step = client_step::done;
  mail::attempt_stage stage = mail::attempt_stage::connect;  // whose time-out holds
  std::string_view bytes;                                    // valid until the dialog is told something
};

}  // namespace stellwerk::adapters::smtp
