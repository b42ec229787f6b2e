// The adapter of an ESP: a vendor's pure mapping over HTTP, and where one is configured the vendor's SMTP relay for
// what the API has no words for (other recipients than To, Cc and Bcc name, signed content, repeats for some
// recipients).
#pragma once

#include <memory>
#include <string>

#include "adapters/adapter.hpp"
#include "adapters/esp/mapping.hpp"
#include "base/log.hpp"
#include "base/net/http.hpp"

namespace stellwerk::adapters::esp {

struct esp_endpoint {
  std::string host;     // "api.vendor.example:443", for reports
  std::string path;     // of the base URL, without a final slash
  duration timeout{0};  // connect and response together
};

class esp_adapter final : public adapter {
 public:
  // `relay` may be null. The references outlive the adapter.
  esp_adapter(esp_endpoint endpoint, std::unique_ptr<const mapping> vendor, std::unique_ptr<net::http_client> client,
              std::unique_ptr<adapter> relay, const clock& time);

  [[nodiscard]] async::awaitable<attempt_report> deliver(attempt what) override;
  [[nodiscard]] async::awaitable<probe_report> probe(steady_point deadline) override;
  [[nodiscard]] async::awaitable<lookup_report> look_up(std::string attempt_id, std::string recipient,
                                                        steady_point deadline) override;
  void close_idle() override;

 private:
  [[nodiscard]] async::awaitable<attempt_report> deliver_by_relay(attempt what);
  [[nodiscard]] async::awaitable<net::http_exchange> send(vendor_request request, steady_point deadline);

  esp_endpoint endpoint_;
  std::unique_ptr<const mapping> vendor_;
  std::unique_ptr<net::http_client> client_;
  std::unique_ptr<adapter> relay_;
  const clock& clock_;
};

}  // namespace stellwerk::adapters::esp
