// fault_book: which fault, if any, befalls a conversation at a stage (contracts section 5). First match wins; `POST
// /faults` replaces the list. Thread rule: one owner (the stand-ins share one io thread).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace stellwerk::simulate {

enum class fault_stage : std::uint8_t { connect, greeting, mail, rcpt, data, dot, request, response };
enum class fault_action : std::uint8_t {
  refuse,
  reply,
  stall,
  close,
  reset,
  accept_then_close,
  slow,
  partial,
  discard
};
[[nodiscard]] std::string_view to_string(fault_action action);

struct fault_rule {
  std::string door;             // "smtp", "mailjet" ...; empty: every door
  std::string match_recipient;  // globs; empty: any
  std::string match_from;
  std::string match_header;  // against "Name: value"
  fault_stage stage = fault_stage::connect;
  fault_action action = fault_action::refuse;
  std::string reply;     // "421 4.7.0 later", or "429 {...}" on an HTTP door
  duration delay{1000};  // slow
  double ratio = 1;
  std::uint64_t count = 0;  // at most so often; 0: no bound
  duration from{0};         // after the list was set
  duration lasts{0};        // 0: for ever
  std::uint64_t used = 0;
};

// What is known of the conversation at the stage.
struct fault_subject {
  std::string_view reverse_path;
  std::string_view recipient;           // at rcpt: this one
  std::vector<std::string> recipients;  // later: all
  std::vector<std::string> headers;     // "Name: value"
};

class fault_book {
 public:
  fault_book(const clock& time, random_source& random) : time_{time}, random_{random}, set_at_{time.steady()} {}

  void replace(std::vector<fault_rule> rules);
  [[nodiscard]] std::optional<fault_rule> find(std::string_view door, fault_stage stage, const fault_subject& subject);

 private:
  const clock& time_;
  random_source& random_;
  steady_point set_at_;
  std::vector<fault_rule> rules_;
};

// A JSON list of rules for these doors; `fault` says what is wrong with it.
[[nodiscard]] std::optional<std::vector<fault_rule>> parse_faults(std::string_view json,
                                                                  const std::vector<std::string_view>& doors,
                                                                  std::string& fault);

// '*' any run, '?' one character.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace stellwerk::simulate
