#include "gateway/spool/made_message.hpp"

#include <utility>

namespace stellwerk::spool {

bool narrow(accept_request& made, const std::vector<bool>& is_stored) {
  std::vector<std::size_t> places;
  std::vector<std::uint32_t> left;
  for (std::size_t i = 0; i < made.about.size(); ++i) {
    if (!is_stored.at(made.about[i])) continue;
    places.push_back(i);
    left.push_back(made.about[i]);
  }
  if (left.empty()) return false;
  if (left.size() < made.about.size()) {
    made.content = made.content_about(places);
    made.message.size = made.content->size();
    made.about = std::move(left);
  }
  return true;
}

}  // namespace stellwerk::spool
