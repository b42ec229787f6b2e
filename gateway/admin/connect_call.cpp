#include "gateway/admin/connect_call.hpp"

#include <google/protobuf/util/json_util.h>

#include "base/text.hpp"

namespace stellwerk::admin {
namespace {

constexpr std::string_view json_type = "application/json";

}  // namespace

std::string_view to_string(connect_code code) {
  switch (code) {
    case connect_code::invalid_argument: return "invalid_argument";
    case connect_code::not_found: return "not_found";
    case connect_code::permission_denied: return "permission_denied";
    case connect_code::resource_exhausted: return "resource_exhausted";
    case connect_code::failed_precondition: return "failed_precondition";
    case connect_code::internal: return "internal";
    case connect_code::unavailable: return "unavailable";
    case connect_code::unauthenticated: return "unauthenticated";
  }
  return "internal";
}

int http_status_of(connect_code code) {
  switch (code) {
    case connect_code::invalid_argument: return 400;
    case connect_code::not_found: return 404;
    case connect_code::permission_denied: return 403;
    case connect_code::resource_exhausted: return 429;
    case connect_code::failed_precondition: return 400;
    case connect_code::internal: return 500;
    case connect_code::unavailable: return 503;
    case connect_code::unauthenticated: return 401;
  }
  return 500;
}

net::http_response to_response(const call_fault& fault) {
  net::http_response response;
  response.status = http_status_of(fault.code);
  response.fields.push_back({"Content-Type", std::string{json_type}});
  response.body = "{\"code\":\"";
  response.body += to_string(fault.code);
  response.body += "\",\"message\":";
  append_json_string(response.body, fault.message);
  response.body += '}';
  return response;
}

net::http_response to_response(const google::protobuf::Message& message) {
  net::http_response response;
  if (!google::protobuf::util::MessageToJsonString(message, &response.body).ok())
    return to_response(call_fault{connect_code::internal, "the answer has no JSON form"});
  response.fields.push_back({"Content-Type", std::string{json_type}});
  return response;
}

std::optional<call_fault> parse_body(const std::string& body, google::protobuf::Message& into) {
  if (body.empty()) return std::nullopt;
  const auto read = google::protobuf::util::JsonStringToMessage(body, &into);
  if (read.ok()) return std::nullopt;
  return call_fault{connect_code::invalid_argument, "not the JSON of this request: " + std::string{read.message()}};
}

}  // namespace stellwerk::admin
