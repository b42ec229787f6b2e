// numbered_source: messages with a number each, over kept SMTP connections, as fast as the peer takes them or at a
// rate.
//
//   numbered_source --port P --count N [--first 0] [--connections 20] [--size 2048] [--rate PER_SECOND]
//                   [--kind t|m|both] [--keys EVERY] [--from A] [--to A] [--log FILE]
//
// Every message says `X-Bench: KIND NUMBER` on top; KIND t asks for the stream transactional, m for marketing, both
// takes turns.
// --keys 2 gives every second message an idempotency key. --log has a line `NUMBER SENT ACCEPTED` (nanoseconds) for
// each. A reply that is not the expected one is counted and the message is sent again, on the same connection or a new
// one: what is accepted in the end is `count`, each number at least once. Prints one JSON line at the end, and one at
// each line on stdin.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>

#include "tests/bench/tools/socket_loop.hpp"

namespace bench {
namespace {

enum stage : int { greeting, hello, idle, envelope_mail, envelope_rcpt, envelope_data, content };

class source final : public socket_loop {
 public:
  explicit source(const options& given)
      : port_{static_cast<int>(given.number("port", 0))},
        connections_{given.number("connections", 20)},
        rate_{given.number("rate", 0)},
        keys_{given.number("keys", 0)},
        kind_{given.text("kind", "t")},
        next_{given.number("first", 0)},
        end_{next_ + given.number("count", 1)},
        begun_{now_nanoseconds()} {
    envelope_ = "MAIL FROM:<" + given.text("from", "shop@source.test") + ">\r\nRCPT TO:<" +
                given.text("to", "ann@sink.test") + ">\r\nDATA\r\n";
    const std::int64_t fill = std::max<std::int64_t>(0, given.number("size", 2048) - 300);
    body_ =
        "From: Shop <shop@source.test>\r\nTo: Ann <ann@sink.test>\r\nSubject: What you asked for\r\n"
        "Date: Sat, 01 Aug 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
    for (std::int64_t line = 0; line < fill / 64; ++line)
      body_ += "A line of sixty-two octets, as people write them in their mails\r\n";
    body_ += ".\r\n";
    if (const std::string path = given.text("log"); !path.empty()) {
      log_ = std::fopen(path.c_str(), "w");
      if (log_ == nullptr) fail(path);
    }
    for (std::int64_t i = 0; i < std::min(connections_, end_ - next_); ++i) connect_to(port_);
  }
  ~source() override {
    if (log_ != nullptr) std::fclose(log_);
  }

  void report() const {
    const double seconds = static_cast<double>(now_nanoseconds() - begun_) / 1e9;
    std::printf("{\"accepted\": %lld, \"refused\": %lld, \"lost_connections\": %lld, \"seconds\": %.3f}\n",
                static_cast<long long>(accepted_), static_cast<long long>(refused_), static_cast<long long>(lost_),
                seconds);
    std::fflush(stdout);
  }

 private:
  void on_open(connection& it) override {
    it.stage = greeting;
    it.number = -1;
  }

  void on_close(connection& it) override {
    if (it.stage != idle || !finished()) ++lost_;
    give_back(it);
    std::erase(waiting_, &it);
    if (!finished() && ++broken_ > 1000) fail("a thousand connections were lost in a row");
    if (!finished()) connect_to(port_);
  }

  void on_command(std::string_view /*line*/) override { report(); }

  void on_tick() override {
    while (!waiting_.empty() && something_left() && allowed()) {
      connection& it = *waiting_.front();
      waiting_.pop_front();
      begin(it);
    }
  }

  void on_bytes(connection& it) override {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = it.in.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::string_view line = std::string_view{it.in}.substr(begin, end - begin);
      if (line.size() > 3 && line[3] == '-') continue;
      on_reply(it, line);
      if (it.fd < 0) return;
    }
    it.in.erase(0, begin);
  }

  void on_reply(connection& it, std::string_view line) {
    const char wanted = it.stage == envelope_data ? '3' : '2';
    if (line.empty() || line[0] != wanted) return on_refusal(it, line);
    switch (it.stage) {
      case greeting: it.stage = hello; return write(it, "EHLO source.test\r\n");
      case hello: return next_message(it);
      case envelope_mail: it.stage = envelope_rcpt; return;
      case envelope_rcpt: it.stage = envelope_data; return;
      case envelope_data: return send_content(it);
      case content: return on_accepted(it);
      default: return close(it);
    }
  }

  // Whatever was refused: the number goes back, the connection is given up.
  void on_refusal(connection& it, std::string_view line) {
    if (++refused_ == 1) std::fprintf(stderr, "refused: %.*s\n", static_cast<int>(line.size()), line.data());
    close(it);
  }

  void give_back(connection& it) {
    if (it.number >= 0) again_.push_back(it.number);
    it.number = -1;
  }

  void on_accepted(connection& it) {
    ++accepted_;
    broken_ = 0;
    if (log_ != nullptr)
      std::fprintf(log_, "%lld %lld %lld\n", static_cast<long long>(it.number), static_cast<long long>(it.began),
                   static_cast<long long>(now_nanoseconds()));
    it.number = -1;
    next_message(it);
  }

  [[nodiscard]] bool finished() const { return next_ == end_ && again_.empty() && accepted_ >= end_ - first_; }

  [[nodiscard]] bool something_left() const { return next_ != end_ || !again_.empty(); }

  [[nodiscard]] bool allowed() const {
    if (rate_ == 0) return true;
    return static_cast<double>(started_) <
           static_cast<double>(rate_) * static_cast<double>(now_nanoseconds() - begun_) / 1e9;
  }

  void next_message(connection& it) {
    it.stage = idle;
    if (finished()) return stop();
    // The last numbers may be under way on other connections, and may come back.
    if (something_left() && allowed()) return begin(it);
    waiting_.push_back(&it);
  }

  void begin(connection& it) {
    if (!again_.empty()) {
      it.number = again_.front();
      again_.pop_front();
    } else {
      it.number = next_++;
    }
    ++started_;
    it.stage = envelope_mail;
    write(it, envelope_);
  }

  void send_content(connection& it) {
    const bool marketing = kind_ == "m" || (kind_ == "both" && it.number % 2 == 1);
    head_ = "X-Bench: ";
    head_ += marketing ? "m " : "t ";
    head_ += std::to_string(it.number);
    head_ += marketing ? "\r\nX-Stellwerk-Stream: marketing\r\n" : "\r\nX-Stellwerk-Stream: transactional\r\n";
    if (keys_ != 0 && it.number % keys_ == 0)
      head_ += "X-Stellwerk-Idempotency-Key: bench-" + std::to_string(it.number) + "\r\n";
    it.stage = content;
    it.began = now_nanoseconds();
    write(it, head_ += body_);
  }

  int port_;
  std::int64_t connections_;
  std::int64_t rate_;
  std::int64_t keys_;
  std::string kind_;
  std::int64_t next_;
  std::int64_t first_ = next_;
  std::int64_t end_;
  std::int64_t begun_;
  std::string envelope_;
  std::string body_;
  std::string head_;
  std::deque<std::int64_t> again_;   // numbers whose acceptance is not known
  std::deque<connection*> waiting_;  // for the rate, or for a number that comes back
  std::int64_t started_ = 0;
  std::int64_t accepted_ = 0;
  std::int64_t refused_ = 0;
  std::int64_t lost_ = 0;
  std::int64_t broken_ = 0;  // connections lost since the last acceptance
  std::FILE* log_ = nullptr;
};

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  const bench::options given{count, arguments, "port count first connections size rate kind keys from to log"};
  bench::source source{given};
  source.read_commands();
  source.run(1);
  source.report();
}
