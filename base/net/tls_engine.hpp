// One side of a TLS connection without I/O: cipher text in, cipher text out; the stream moves the bytes.
//
// The only user of SSL objects. Renegotiation is off, so writing never waits for the peer. Thread-bound.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/net/stream.hpp"
#include "base/net/tls.hpp"

struct ssl_st;
struct bio_st;

namespace stellwerk::net {

enum class tls_role { server, client };
enum class tls_step {
  done,
  want_input,  // give it cipher text, then ask again
  closed,      // the peer said close_notify
  failed,      // see failure(); output() may hold an alert that should still be sent
};

class tls_engine {
 public:
  // `server_name` (client): sent as SNI unless it is an address; checked when the context verifies.
  tls_engine(const tls_context& context, tls_role role, const std::string& server_name);
  ~tls_engine();
  tls_engine(const tls_engine&) = delete;
  tls_engine& operator=(const tls_engine&) = delete;

  [[nodiscard]] tls_step handshake();

  struct read_outcome {
    tls_step step;
    std::size_t size;
  };
  [[nodiscard]] read_outcome read(std::span<char> into);
  [[nodiscard]] tls_step peek();                     // done: a plain byte is there; takes nothing
  [[nodiscard]] bool write(std::string_view plain);  // into output(); false: failure()
  void say_goodbye();                                // close_notify into output()

  [[nodiscard]] std::span<char> input_space();  // REQUIRES that the last answer was want_input
  void commit(std::size_t size) { input_tail_ += size; }
  [[nodiscard]] std::string& output() { return output_; }

  [[nodiscard]] const error& failure() const { return failure_; }
  [[nodiscard]] tls_session_info info() const;  // after the handshake

 private:
  friend struct tls_engine_bio;
  [[nodiscard]] tls_step step_after(int answer, const char* step);
  void keep_failure(const char* fallback);

  const bool verifies_peer_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  std::unique_ptr<char[]> input_;
  std::size_t input_head_ = 0;
  std::size_t input_tail_ = 0;
  std::string output_;
  error failure_;
};

}  // namespace stellwerk::net
