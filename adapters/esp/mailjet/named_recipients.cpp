#include "adapters/esp/mailjet/named_recipients.hpp"

#include <set>
#include <utility>

namespace stellwerk::adapters::esp::mailjet {

named_recipients list_recipients(const mail::header_section& header) {
  named_recipients named;
  std::set<mail::address> seen;
  for (std::size_t i = 0; i < named.names.size(); ++i) {
    for (const std::string_view value : header.all(named.names[i])) {
      std::size_t rejected = 0;
      for (mail::mailbox& one : mail::parse_address_list(value, &rejected)) {
        if (seen.insert(one.address).second) named.lists[i].push_back(std::move(one));
      }
      named.unreadable += rejected;
    }
  }
  if (named.count() == 1 && named.lists[0].empty()) {
    auto& from = named.lists[1].empty() ? named.lists[2] : named.lists[1];
    named.lists[0] = std::exchange(from, {});
  }
  return named;
}

}  // namespace stellwerk::adapters::esp::mailjet
