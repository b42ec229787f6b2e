// HTTP/1.1 as the rest of the house sees it: plain values, no Beast.
//
// The client keeps connections to one origin, never retries, follows no redirect and reports how far the request went,
// because that decides between "certainly not sent" and "unknown" (architecture section 4).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"

namespace stellwerk::net {

struct http_field {
  std::string name;
  std::string value;
};

struct http_request {
  std::string method = "GET";
  std::string target = "/";  // origin form
  std::vector<http_field> fields;
  std::string body;

  // Server side only.
  std::string peer_ip;
  std::string peer_certificate_subject;
  [[nodiscard]] std::string_view field(std::string_view name) const;  // first, case-blind; "" if absent
  [[nodiscard]] std::string_view path() const;                        // target without the query
};

struct http_response {
  int status = 200;
  std::vector<http_field> fields;
  std::string body;
  [[nodiscard]] std::string_view field(std::string_view name) const;
};

enum class http_stage : std::uint8_t {
  not_connected,  // no connection, or TLS failed
  not_sent,       // connected, but the write holding the last octet of the request was never started
  sent,           // that write was started and no complete response was read
  answered,       // a complete response was read
};

struct http_exchange {
  http_stage stage = http_stage::not_connected;
  http_response response;  // complete only when answered
  bool body_cut = false;   // the response was longer than the limit; the first part is kept
  error failure;           // when not answered
};

class http_client {
 public:
  virtual ~http_client() = default;
  // Thread-bound. Cancelled by its deadline; takes the request by value (it outlives the caller's frame).
  [[nodiscard]] virtual async::awaitable<http_exchange> send(http_request request, steady_point deadline) = 0;
};

using http_handler = std::function<async::awaitable<http_response>(http_request)>;

}  // namespace stellwerk::net
