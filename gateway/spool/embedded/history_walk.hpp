// history_walk: every recipient of mail a data directory knows, queued or finished, read without a lock and without
// changing anything: beside a running gateway it sees what was committed when it began.
//
// Thread rule: blocks on the disk; one walk at a time per object.
#pragma once

#include <functional>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "gateway/spool/rows.hpp"

namespace stellwerk::spool::embedded {

using recipient_visitor = std::function<void(const message_row& message, const recipient_row& recipient)>;

// errc::not_found: there is no store. What cannot be read is counted in the log and left out.
[[nodiscard]] result<void> walk_history(const std::string& data_directory, logger& log, const recipient_visitor& visit);

}  // namespace stellwerk::spool::embedded
