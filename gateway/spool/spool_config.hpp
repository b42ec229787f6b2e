// Settings of the durable store; each with its default and the reason for it.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace stellwerk::spool {

struct spool_config {
  std::string data_directory = "./data";
  std::uint64_t bytes_max =
      50ULL * 1000 * 1000 * 1000;        // state and bodies; at 80 % marketing is refused, at 95 % everybody
  std::uint64_t inline_body_max = 4096;  // bytes; smaller bodies live in the state: one sync instead of two
  // Recipients in line in one lane; behind more of them every body goes to a segment. Such a message leaves from the
  // disk anyway, and a body in the state would be rewritten by every compaction until then. The lanes' window.
  std::uint64_t inline_line_max = 2000;
  std::uint64_t segment_bytes = 64ULL << 20;   // of one body segment file
  std::uint32_t batch_operations_max = 512;    // of one group commit
  std::uint64_t batch_bytes_max = 2ULL << 20;  // larger syncs push the page cache out at once
  duration history_retention{std::chrono::hours{72}};
  std::uint64_t history_bytes_max = 5ULL * 1000 * 1000 * 1000;
  duration idempotency_retention{std::chrono::hours{72}};  // longer than any ESP's window
  bool sync = true;  // false only for measurements: an acknowledgement then promises nothing
  friend bool operator==(const spool_config&, const spool_config&) = default;
};

}  // namespace stellwerk::spool
