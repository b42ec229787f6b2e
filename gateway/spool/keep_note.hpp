// Writes a note and waits for the answer, but not without limit: a full store keeps settles until there is room, and
// whoever asks may have signals to serve meanwhile.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "gateway/spool/spool.hpp"

namespace stellwerk::spool {

// errc::timed_out: no answer within `patience`. The store may still write the note, so `in_force`, what the note said
// before, is written after it: what it says in the end is what the caller goes by. REQUIRES a thread that may block.
[[nodiscard]] result<void> keep_note(store& where, note_row note, const std::optional<std::string>& in_force,
                                     duration patience);

}  // namespace stellwerk::spool
