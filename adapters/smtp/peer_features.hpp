// What an SMTP peer offered in its answer to EHLO (RFC 5321 section 4.1.1.1). What is not offered is not used.
#pragma once

#include <cstdint>
#include <optional>

#include "mail/reply.hpp"

namespace stellwerk::adapters::smtp {

struct peer_features {
  bool pipelining = false;      // RFC 2920
  bool eight_bit_mime = false;  // RFC 6152
  bool smtputf8 = false;        // RFC 6531
  bool dsn = false;             // RFC 3461
  bool starttls = false;        // RFC 3207
  bool auth_plain = false;      // RFC 4616
  bool auth_login = false;
  bool size = false;           // RFC 1870
  std::uint64_t size_max = 0;  // 0: no fixed limit
};

[[nodiscard]] peer_features read_features(const mail::reply& ehlo_answer);

}  // namespace stellwerk::adapters::smtp
