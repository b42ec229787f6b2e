// Mailjet, Send API v3.1 and the look-up of messages by CustomID, as the vendor's documentation describes them: an id
// per recipient, errors per entry under HTTP 400, 19-digit ids, zero ids in sandbox mode.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "gateway/simulate/dialect.hpp"

namespace stellwerk::simulate {

class mailjet_dialect final : public dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "mailjet"; }
  [[nodiscard]] dialect_answer answer(const net::http_request& request, std::string_view path) override;
  void forget(const std::vector<record>& records) override;

 private:
  [[nodiscard]] dialect_answer send(const net::http_request& request);
  [[nodiscard]] boost::json::object send_entry(const boost::json::object& entry, bool sandbox, record& what);
  [[nodiscard]] dialect_answer look_up(std::string_view target) const;

  std::uint64_t next_id_ = 1'152'921'504'606'846'977ULL;  // 19 digits, above 2^53: a double would round it
  std::multimap<std::string, std::pair<std::uint64_t, std::string>> by_custom_id_;  // -> (id, recipient)
};

}  // namespace stellwerk::simulate
