// One unary call of the Connect protocol in JSON: a POST with a protobuf JSON body, answered by protobuf JSON or by
// {"code", "message"} with the HTTP status of that code. Everything comes from the descriptors.
//
// Thread rule: as the handler's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/async/awaitable.hpp"
#include "base/net/http.hpp"

namespace google::protobuf {
class Message;
}

namespace stellwerk::admin {

// Those of the protocol that we answer.
enum class connect_code : std::uint8_t {
  invalid_argument,
  not_found,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  internal,
  unavailable,
  unauthenticated,
};
[[nodiscard]] std::string_view to_string(connect_code code);
[[nodiscard]] int http_status_of(connect_code code);

struct call_fault {
  connect_code code = connect_code::internal;
  std::string message;
};

template <class Response>
using outcome = std::variant<Response, call_fault>;

// Who asks, for the log of operators' actions.
struct operator_identity {
  std::string peer;         // address
  std::string certificate;  // subject; empty without one
};

[[nodiscard]] net::http_response to_response(const call_fault& fault);
[[nodiscard]] net::http_response to_response(const google::protobuf::Message& message);
// An empty body is an empty message. Unknown fields are faults: a misspelt filter must not list everything.
[[nodiscard]] std::optional<call_fault> parse_body(const std::string& body, google::protobuf::Message& into);

using unary_method = std::function<async::awaitable<net::http_response>(std::string body, operator_identity who)>;
using method_table = std::map<std::string, unary_method, std::less<>>;  // by path

template <class Service, class Request, class Response>
[[nodiscard]] async::awaitable<net::http_response> serve_call(
    Service& service, async::awaitable<outcome<Response>> (Service::*method)(Request, operator_identity),
    std::string body, operator_identity who) {
  Request request;
  if (const auto fault = parse_body(body, request)) co_return to_response(*fault);
  const outcome<Response> answer = co_await (service.*method)(std::move(request), std::move(who));
  if (const auto* fault = std::get_if<call_fault>(&answer)) co_return to_response(*fault);
  co_return to_response(std::get<Response>(answer));
}

// REQUIRES that the service outlives the table.
template <class Service, class Request, class Response>
void add_method(method_table& table, std::string path, Service& service,
                async::awaitable<outcome<Response>> (Service::*method)(Request, operator_identity)) {
  table.emplace(std::move(path), [&service, method](std::string body, operator_identity who) {
    return serve_call(service, method, std::move(body), std::move(who));
  });
}

}  // namespace stellwerk::admin
