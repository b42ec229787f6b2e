// An smtp_adapter against scripted peers in memory, on time moved by hand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/smtp/smtp_adapter.hpp"
#include "base/async/task_group.hpp"
#include "tests/support/memory_connector.hpp"
#include "tests/support/run_for_test.hpp"
#include "tests/support/script_peer.hpp"
#include "tests/unit/adapters/smtp/dialog_play.hpp"

namespace stellwerk::adapters::smtp::test {

namespace support = stellwerk::test;

inline constexpr const char* first_host = "mta1.example";
inline constexpr const char* second_host = "mta2.example";

// Breaks what the client writes at an exact octet.
class faulty_connector final : public net::connector {
 public:
  explicit faulty_connector(support::memory_connector& inner) : inner_{inner} {}
  async::awaitable<result<std::unique_ptr<net::stream>>> connect(std::string host, std::uint16_t port,
                                                                 net::connect_options options) override {
    auto made = co_await inner_.connect(std::move(host), port, options);
    if (made) dynamic_cast<support::memory_stream&>(**made).set_write_faults(faults);
    co_return made;
  }
  async::awaitable<void> sleep_until(steady_point at) override { return inner_.sleep_until(at); }

  support::memory_faults faults;

 private:
  support::memory_connector& inner_;
};

class smtp_fixture : public ::testing::Test {
 protected:
  using script = std::function<void(support::script_peer&, support::memory_stream&)>;

  smtp_fixture() {
    settings_.hosts = {{first_host, 25}};
    settings_.tls = tls_mode::off;
    settings_.helo_name = "gw.example";
  }

  // What the next connection to the host meets.
  void expect_connection(script steps, const std::string& host = first_host, std::uint16_t port = 25) {
    if (scripts_.find(host) == scripts_.end()) {
      network_.listen(host, port,
                      [this, host](std::unique_ptr<support::memory_stream> far) { meet(host, std::move(far)); });
    }
    scripts_[host].push_back(std::move(steps));
  }

  smtp_adapter& adapter() {
    if (!adapter_)
      adapter_ = std::make_unique<smtp_adapter>("onprem", settings_, client_side_, tls_, clock_, null_logger());
    return *adapter_;
  }

  attempt_report deliver(attempt what) { return support::run_for_test(context_, adapter().deliver(std::move(what))); }
  // For what ends by time alone.
  attempt_report deliver_for(attempt what, std::chrono::seconds limit) {
    std::optional<attempt_report> report;
    group_.spawn("deliver", keep(adapter().deliver(std::move(what)), report));
    time_.advance(context_, limit);
    EXPECT_TRUE(support::run_until(context_, [&report] { return report.has_value(); }));
    return report.value_or(attempt_report{});
  }

  void expect_scripts_met() {
    context_.restart();
    context_.poll();
    for (const auto& peer : peers_) EXPECT_EQ(peer->failure(), "");
    for (const auto& [host, planned] : scripts_) EXPECT_EQ(met_[host], planned.size()) << "connections to " << host;
  }

  async::io_context context_;
  manual_clock clock_;
  support::manual_timers time_{clock_};
  support::memory_connector network_{context_, time_};
  faulty_connector client_side_{network_};
  smtp_settings settings_;
  std::shared_ptr<const net::tls_context> tls_;
  duration lasted_{0};  // of the last deliver_for()

 private:
  async::awaitable<void> keep(async::awaitable<attempt_report> delivery, std::optional<attempt_report>& into) {
    const steady_point began = clock_.steady();
    into.emplace(co_await std::move(delivery));
    lasted_ = std::chrono::duration_cast<duration>(clock_.steady() - began);
  }

  void meet(const std::string& host, std::unique_ptr<support::memory_stream> far) {
    support::memory_stream& stream = *far;
    peers_.push_back(std::make_unique<support::script_peer>(std::move(far)));
    const std::size_t number = met_[host]++;
    if (number < scripts_[host].size()) scripts_[host][number](*peers_.back(), stream);
    group_.spawn("peer", peers_.back()->run());
  }

  std::map<std::string, std::vector<script>> scripts_;
  std::map<std::string, std::size_t> met_;
  std::vector<std::unique_ptr<support::script_peer>> peers_;
  std::unique_ptr<smtp_adapter> adapter_;
  async::task_group group_{context_.get_executor(), nullptr};
};

// "delivered rejected_recipient": the fates in order.
[[nodiscard]] inline std::string outcomes_of(const attempt_report& report) {
  std::string text;
  for (const auto& one : report.recipients)
    text += (text.empty() ? "" : " ") + std::string{mail::to_string(one.outcome)};
  return text;
}

inline constexpr const char* ehlo_answer = "250-mta\r\n250-PIPELINING\r\n250 8BITMIME\r\n";

inline support::script_peer& greet(support::script_peer& peer) {
  return peer.send("220 mta ESMTP\r\n").line("EHLO gw.example").send(ehlo_answer);
}

// The envelope of an_attempt() in one batch, up to the 354.
inline support::script_peer& take_envelope(support::script_peer& peer) {
  return peer.line("MAIL FROM:<a@ours.example>")
      .line("RCPT TO:<one@b.example>")
      .line("RCPT TO:<two@b.example>")
      .line("DATA")
      .send("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
}

inline support::script_peer& take_message(support::script_peer& peer) {
  return take_envelope(peer).data().send("250 2.0.0 queued as 4711\r\n");
}

}  // namespace stellwerk::adapters::smtp::test
