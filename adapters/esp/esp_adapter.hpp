// The adapter of an ESP: a vendor's pure mapping over HTTP, and where one is configured the vendor's SMTP relay for
// what the API has no words for (other recipients than To, Cc and Bcc name, signed content, repeats for some
// recipients). Messages that wait at the same moment share a request, where the vendor takes several (gathering.hpp).
#pragma once

#include <memory>
#include <string>

#include "adapters/adapter.hpp"
#include "adapters/esp/gathering.hpp"
#include "adapters/esp/mapping.hpp"
#include "base/log.hpp"
#include "base/net/http.hpp"

namespace stellwerk::adapters::esp {

struct esp_endpoint {
  std::string host;              // "api.vendor.example:443", for reports
  std::string path;              // of the base URL, without a final slash
  duration timeout{0};           // connect and response together
  std::size_t requests_max = 8;  // under way at once on one thread, before messages gather
};

class esp_adapter final : public adapter {
 public:
  // `relay` may be null. The references outlive the adapter.
  esp_adapter(async::executor owner, esp_endpoint endpoint, std::unique_ptr<const mapping> vendor,
              std::unique_ptr<net::http_client> client, std::unique_ptr<adapter> relay, const clock& time);

  [[nodiscard]] async::awaitable<attempt_report> deliver(attempt what) override;
  [[nodiscard]] async::awaitable<probe_report> probe(steady_point deadline) override;
  [[nodiscard]] async::awaitable<lookup_report> look_up(std::string attempt_id, std::string recipient,
                                                        steady_point deadline) override;
  void close_idle() override;
  void let_go(duration silence) override;

 private:
  [[nodiscard]] async::awaitable<attempt_report> deliver_by_relay(attempt what);
  [[nodiscard]] async::awaitable<void> deliver_by_api(part& mine);
  // One request, led by `mine`; everybody in it has a report afterwards, or waits again to be sent apart.
  [[nodiscard]] async::awaitable<void> lead(part& mine);
  [[nodiscard]] async::awaitable<void> send_batch(const std::vector<part*>& batch);
  void read_fates(const std::vector<part*>& sent, net::http_exchange exchange, steady_point start);
  void call_leaders();
  [[nodiscard]] async::awaitable<net::http_exchange> send(vendor_request request, steady_point deadline);

  async::executor owner_;
  esp_endpoint endpoint_;
  std::unique_ptr<const mapping> vendor_;
  std::unique_ptr<net::http_client> client_;
  std::unique_ptr<adapter> relay_;
  const clock& clock_;
  gathering gathering_;
};

}  // namespace stellwerk::adapters::esp
