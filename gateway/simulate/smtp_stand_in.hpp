// smtp_stand_in: an MTA that accepts everything, except where the fault book says otherwise. Strict in framing, honest
// in its records: a line is written for every message that was complete, and for each that broke off in its content.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async/awaitable.hpp"
#include "base/net/line_stream.hpp"
#include "base/net/stream.hpp"
#include "gateway/simulate/fault_book.hpp"
#include "gateway/simulate/recorder.hpp"

namespace stellwerk::simulate {

// Shared by the stand-ins of one process; outlives their conversations.
struct stand_in_services {
  const clock& time;
  fault_book& faults;
  recorder& records;
  net::connector& network;  // for its sleep
};

class smtp_conversation {
 public:
  smtp_conversation(std::unique_ptr<net::stream> connection, stand_in_services& services);
  [[nodiscard]] async::awaitable<void> run();

 private:
  enum class next : std::uint8_t { go_on, end };

  [[nodiscard]] async::awaitable<next> command(std::string line);
  [[nodiscard]] async::awaitable<next> mail(std::string argument);
  [[nodiscard]] async::awaitable<next> rcpt(std::string argument);
  [[nodiscard]] async::awaitable<next> data();
  [[nodiscard]] async::awaitable<next> finish(std::string content);
  [[nodiscard]] async::awaitable<next> auth(std::string argument);
  [[nodiscard]] async::awaitable<next> say(std::string text);
  // Carries out a fault; nullopt: none, or it was only slow: go on as usual.
  [[nodiscard]] async::awaitable<std::optional<next>> suffer(fault_stage stage, fault_subject subject,
                                                             std::string refusal);
  [[nodiscard]] record record_of(const std::string& content) const;

  std::unique_ptr<net::stream> stream_;
  stand_in_services& services_;
  net::line_stream lines_;
  std::optional<std::string> reverse_path_;
  std::vector<std::string> recipients_;
};

}  // namespace stellwerk::simulate
