// What of the destination table survives a restart: recipients and money of the month by destination, and what each
// limit has used of its day or month. Names are the destination's or the route's, so counts go on over reloads.
#include "gateway/delivery/destination_slot.hpp"
#include "gateway/delivery/destination_table.hpp"

namespace stellwerk::delivery {

template <class Visit>
void destination_table::each_counter(Visit visit) {
  for (auto& [name, one] : slots_) {
    visit("destination/" + name + "/sent", one->sent);
    visit("destination/" + name + "/spent", one->spent);
  }
  for (auto& [key, gate] : gates_) {
    if (policy::quota* counted = gate->counted()) visit("limit/" + key, *counted);
  }
}

void destination_table::wake_counters() {
  each_counter([this](const std::string& name, policy::quota& counter) {
    if (const auto known = dormant_.extract(name); known) counter.restore(known.mapped().used, known.mapped().period);
  });
}

void destination_table::restore(const std::vector<spool::usage_row>& rows) {
  for (const spool::usage_row& row : rows) dormant_[row.name] = {row.period, row.used};
  wake_counters();
}

void destination_table::note(std::string name, const policy::quota_mark& mark) {
  usage_.push_back({std::move(name), mark.period, mark.used, ++usage_stamp_});
}

void destination_table::take_usage(std::vector<spool::usage_row>& into) {
  if (usage_.empty()) return;
  into.insert(into.end(), std::make_move_iterator(usage_.begin()), std::make_move_iterator(usage_.end()));
  usage_.clear();
}

void destination_table::forget_promises() {
  each_counter([](const std::string&, policy::quota& counter) { counter.forget_promise(); });
}

std::vector<spool::usage_row> destination_table::exact_usage() {
  std::vector<spool::usage_row> rows;
  each_counter([&](const std::string& name, policy::quota& counter) {
    if (!counter.differs_from_promise()) return;
    const policy::quota_mark mark = counter.mark();
    counter.promised(mark);
    rows.push_back({name, mark.period, mark.used, ++usage_stamp_});
  });
  return rows;
}

}  // namespace stellwerk::delivery
