// dialect: one vendor's API as its fact sheet tells it: pure, a request in, a response and the records of what was
// taken out. The HTTP stand-in adds faults and the wire.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/net/http.hpp"
#include "gateway/simulate/recorder.hpp"

namespace stellwerk::simulate {

struct dialect_answer {
  net::http_response response;
  std::vector<record> records;  // one per message entry that was read
};

class dialect {
 public:
  virtual ~dialect() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;  // also its path prefix
  [[nodiscard]] virtual dialect_answer answer(const net::http_request& request, std::string_view path) = 0;
  // The request was lost before it counted: what `answer` stored for these records never happened.
  virtual void forget(const std::vector<record>& records) = 0;
};

}  // namespace stellwerk::simulate
