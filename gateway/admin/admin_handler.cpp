#include "gateway/admin/admin_handler.hpp"

#include <memory>
#include <utility>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "gateway/admin/connect_call.hpp"
#include "gateway/admin/destination_service.hpp"
#include "gateway/admin/policy_service.hpp"
#include "gateway/admin/queue_service.hpp"
#include "gateway/admin/suppression_service.hpp"

namespace stellwerk::admin {
namespace {

constexpr std::string_view bearer = "Bearer ";

net::http_response text_response(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
  net::http_response response;
  response.status = status;
  response.fields.push_back({"Content-Type", std::move(type)});
  response.body = std::move(body);
  return response;
}

net::http_response method_not_allowed(std::string allowed) {
  net::http_response response = text_response(405, "use " + allowed + "\n");
  response.fields.push_back({"Allow", std::move(allowed)});
  return response;
}

net::http_response show_readiness(const readiness& now) {
  std::string body = now.ready ? "{\"ready\": true, \"reasons\": [" : "{\"ready\": false, \"reasons\": [";
  for (std::size_t i = 0; i < now.reasons.size(); ++i) {
    if (i > 0) body += ", ";
    append_json_string(body, now.reasons[i]);
  }
  body += "]}\n";
  return text_response(now.ready ? 200 : 503, std::move(body), "application/json");
}

// The time does not tell how much of it was right.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

bool is_json(std::string_view content_type) {
  return iequals(trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

class admin_side {
 public:
  explicit admin_side(admin_sources sources) : sources_{std::move(sources)} {
    sources_.token_hash = ascii_lower(sources_.token_hash);
    queue_.add_methods(methods_);
    destinations_.add_methods(methods_);
    policy_.add_methods(methods_);
    suppressions_.add_methods(methods_);
  }

  [[nodiscard]] async::awaitable<net::http_response> handle(net::http_request request) {
    const std::string path{request.path()};
    // Probes carry no secrets, and show none.
    if (path == "/livez" || path == "/readyz") co_return probe(path, request);
    const bool is_metrics = path == "/metrics";
    const auto method = methods_.find(path);
    if (!is_metrics && method == methods_.end()) co_return text_response(404, "there is nothing here\n");
    if (!may_enter(request)) co_return refuse_entry();
    if (is_metrics) {
      if (request.method != "GET") co_return method_not_allowed("GET");
      co_return text_response(200, sources_.metrics_text(), "text/plain; version=0.0.4; charset=utf-8");
    }
    if (request.method != "POST") co_return method_not_allowed("POST");
    if (!is_json(request.field("Content-Type"))) co_return unsupported_type();
    operator_identity who{std::move(request.peer_ip), std::move(request.peer_certificate_subject)};
    co_return co_await method->second(std::move(request.body), std::move(who));
  }

 private:
  [[nodiscard]] net::http_response probe(std::string_view path, const net::http_request& request) const {
    if (request.method != "GET") return method_not_allowed("GET");
    if (path == "/readyz") return show_readiness(sources_.readiness());
    return sources_.alive() ? text_response(200, "ok\n") : text_response(503, "a loop does not turn\n");
  }

  [[nodiscard]] bool may_enter(const net::http_request& request) const {
    if (sources_.token_hash.empty() || !request.peer_certificate_subject.empty()) return true;
    const std::string_view shown = request.field("Authorization");
    if (!istarts_with(shown, bearer)) return false;
    return equal_in_constant_time(sha256_hex(trim(shown.substr(bearer.size()))), sources_.token_hash);
  }

  [[nodiscard]] static net::http_response refuse_entry() {
    net::http_response response = to_response(call_fault{connect_code::unauthenticated, "a bearer token is needed"});
    response.fields.push_back({"WWW-Authenticate", "Bearer realm=\"stellwerk\""});
    return response;
  }

  [[nodiscard]] static net::http_response unsupported_type() {
    net::http_response response = text_response(415, "send application/json\n");
    response.fields.push_back({"Accept-Post", "application/json"});
    return response;
  }

  admin_sources sources_;
  queue_service queue_{sources_};
  destination_service destinations_{sources_};
  policy_service policy_{sources_};
  suppression_service suppressions_{sources_};
  method_table methods_;
};

}  // namespace

net::http_handler make_admin_handler(admin_sources sources) {
  auto side = std::make_shared<admin_side>(std::move(sources));
  return [side](net::http_request request) { return side->handle(std::move(request)); };
}

}  // namespace stellwerk::admin
