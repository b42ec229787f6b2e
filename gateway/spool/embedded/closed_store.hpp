// closed_store: a store opened by a tool, not by the gateway: locked, and read without changing a byte.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "gateway/spool/embedded/file_system.hpp"
#include "gateway/spool/embedded/segment_store.hpp"
#include "gateway/spool/embedded/state_db.hpp"
#include "gateway/spool/spool_tools.hpp"

namespace stellwerk::spool::embedded {

struct closed_store {
  std::unique_ptr<file_lock> lock;
  std::unique_ptr<state_db> db;
  std::unique_ptr<segment_store> segments;  // for `read` and `read_bytes` only: not recovered
};

[[nodiscard]] file_system& files_of(const tool_options& options);
[[nodiscard]] state_options state_options_of(const tool_options& options);
// errc::not_found: no store there; errc::locked; what state_db::open answers.
[[nodiscard]] result<std::unique_ptr<file_lock>> lock_store(const tool_options& options);
[[nodiscard]] result<closed_store> open_closed(const tool_options& options);

}  // namespace stellwerk::spool::embedded
