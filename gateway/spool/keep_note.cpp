#include "gateway/spool/keep_note.hpp"

#include <future>
#include <memory>
#include <utility>

namespace stellwerk::spool {

result<void> keep_note(store& where, note_row note, const std::optional<std::string>& in_force, duration patience) {
  const std::string name = note.name;
  // Shared: the store may answer after nobody waits any more.
  const auto kept = std::make_shared<std::promise<result<void>>>();
  auto answer = kept->get_future();
  settle_request request;
  request.notes.push_back(std::move(note));
  where.settle(std::move(request), [kept](result<void> done) { kept->set_value(done); });
  if (answer.wait_for(patience) == std::future_status::ready) return answer.get();
  if (in_force) {
    settle_request back;
    back.notes.push_back({name, *in_force});
    where.settle(std::move(back), [](const result<void>&) {});
  }
  return error{errc::timed_out, "spool.note"};
}

}  // namespace stellwerk::spool
