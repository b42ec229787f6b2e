// numbered_sink: an SMTP server that takes every message and keeps account of the numbers that numbered_source wrote.
//
//   numbered_sink --port P [--messages MOST] [--log FILE] [--stall never|greeting|dot]
//
// --log has a line `NUMBER ARRIVED` (nanoseconds) for each transactional message. --stall dot reads everything and
// never answers the final dot; greeting never greets. Each line on stdin is answered with one JSON line: `count`;
// `stall WHEN` changes that.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/bench/tools/socket_loop.hpp"

namespace bench {
namespace {

enum stage : int { commands, content };
constexpr std::string_view mark = "X-Bench: ";
constexpr std::string_view end_of_content = "\r\n.\r\n";
constexpr std::size_t mark_within = 4096;  // below the trace fields that relays put on top

class sink final : public socket_loop {
 public:
  explicit sink(const options& given)
      : stall_{given.text("stall", "never")}, seen_(static_cast<std::size_t>(given.number("messages", 1'000'000))) {
    if (const std::string path = given.text("log"); !path.empty()) {
      log_ = std::fopen(path.c_str(), "w");
      if (log_ == nullptr) fail(path);
    }
    listen_on(static_cast<int>(given.number("port", 0)));
  }
  ~sink() override {
    if (log_ != nullptr) std::fclose(log_);
  }

 private:
  void on_open(connection& it) override {
    it.stage = commands;
    if (stall_ != "greeting") write(it, "220 sink.test ESMTP\r\n");
  }
  void on_close(connection& /*it*/) override {}
  void on_tick() override {}

  void on_command(std::string_view line) override {
    constexpr std::string_view stall = "stall ";
    if (line.starts_with(stall)) stall_ = line.substr(stall.size());
    if (log_ != nullptr) std::fflush(log_);
    std::printf(
        "{\"received\": %lld, \"distinct\": %lld, \"transactional\": %lld, \"marketing\": %lld, "
        "\"first_transactional\": %lld}\n",
        static_cast<long long>(received_), static_cast<long long>(distinct_), static_cast<long long>(transactional_),
        static_cast<long long>(received_ - transactional_), static_cast<long long>(first_transactional_));
    std::fflush(stdout);
  }

  void on_bytes(connection& it) override {
    answers_.clear();
    std::size_t at = 0;
    while (it.fd >= 0 && (it.stage == content ? take_content(it, at) : take_line(it, at))) {
    }
    if (it.fd < 0) return;
    it.in.erase(0, at);
    if (it.stage != content) it.number = 0;
    if (!answers_.empty()) write(it, answers_);
  }

  bool take_line(connection& it, std::size_t& at) {
    const std::size_t end = it.in.find('\n', at);
    if (end == std::string::npos) return false;
    const char first = static_cast<char>(it.in[at] & ~32);
    at = end + 1;
    switch (first) {
      case 'E': answers_ += "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"; break;
      case 'D':
        answers_ += "354 go\r\n";
        it.stage = content;
        it.number = 0;
        break;
      case 'Q':
        write(it, answers_ += "221 2.0.0 bye\r\n");
        close(it);
        return false;
      default: answers_ += "250 2.0.0 ok\r\n";
    }
    return true;
  }

  // it.number: how much of the content was already searched for its end.
  bool take_content(connection& it, std::size_t& at) {
    const std::size_t searched = static_cast<std::size_t>(it.number);
    const std::size_t from = at + (searched > end_of_content.size() ? searched - end_of_content.size() : 0);
    const std::size_t end = it.in.find(end_of_content, from);
    if (end == std::string::npos) {
      it.number = static_cast<std::int64_t>(it.in.size() - at);
      return false;
    }
    if (stall_ != "dot") {
      account_for(std::string_view{it.in}.substr(at, std::min(end - at, mark_within)));
      answers_ += "250 2.0.0 taken\r\n";
    }
    at = end + end_of_content.size();
    it.stage = commands;
    it.number = 0;
    return true;
  }

  void account_for(std::string_view text) {
    ++received_;
    const std::size_t found = text.find(mark);
    if (found == std::string_view::npos) return;
    const bool transactional = text[found + mark.size()] == 't';
    std::size_t number = 0;
    for (std::size_t i = found + mark.size() + 2; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
      number = number * 10 + static_cast<std::size_t>(text[i] - '0');
    if (number < seen_.size() && !seen_[number]) {
      seen_[number] = true;
      ++distinct_;
    }
    if (!transactional) return;
    ++transactional_;
    const std::int64_t now = now_nanoseconds();
    if (first_transactional_ == 0) first_transactional_ = now;
    if (log_ != nullptr) std::fprintf(log_, "%zu %lld\n", number, static_cast<long long>(now));
  }

  std::string stall_;
  std::string answers_;
  std::vector<bool> seen_;
  std::int64_t received_ = 0;
  std::int64_t distinct_ = 0;
  std::int64_t transactional_ = 0;
  std::int64_t first_transactional_ = 0;
  std::FILE* log_ = nullptr;
};

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  const bench::options given{count, arguments, "port messages log stall"};
  bench::sink sink{given};
  sink.read_commands();
  sink.run(1000);
}
