// clients: programs that send mail. Each has one message and wants it taken: it repeats what was refused for the
// moment, and what was lost on the way if it has an idempotency key. It tells the truth what it was promised.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/net/line_stream.hpp"
#include "gateway/ingress/admission.hpp"
#include "tests/simulation/outer_world.hpp"

namespace stellwerk::simulation {

// How the gateway is reached, whatever life it is in.
struct gateway_doors {
  std::function<std::unique_ptr<test::memory_stream>()> dial;  // null: connection refused
  std::function<bool(mail::submission, std::function<void(ingress::admission_answer)>)> submit;  // false: nobody there
};

struct letter {
  message_record what;
  std::vector<std::string> recipients;
  std::string content;    // with its header section
  std::string key;        // "": none
  bool smuggles = false;  // holds what a lax reader takes for the end of the data
};

// Draws message number `number` of a run.
[[nodiscard]] letter write_letter(int number, chance& dice);

class smtp_client {
 public:
  smtp_client(outer_world& world, gateway_doors& doors, letter what, std::uint64_t seed)
      : world_{world}, doors_{doors}, letter_{std::move(what)}, dice_{seed, "client" + letter_.what.token} {}
  // Owns itself until it has an answer or gives up.
  [[nodiscard]] static async::awaitable<void> run(std::unique_ptr<smtp_client> self);

 private:
  enum class end : std::uint8_t { taken, refused, later, lost };
  struct conversation {
    explicit conversation(links::link connection) : link{std::move(connection)}, lines{link.stream()} {}
    links::link link;
    net::line_stream lines;
    std::vector<std::string> accepted;
    bool handed_over = false;
    std::string queue_id;
  };
  [[nodiscard]] async::awaitable<end> try_once();
  [[nodiscard]] async::awaitable<end> converse(conversation& with);
  [[nodiscard]] async::awaitable<end> send_content(conversation& with);
  // The code of the reply; 0: the connection is gone.
  [[nodiscard]] async::awaitable<int> ask(conversation& with, std::string text);
  [[nodiscard]] async::awaitable<int> read_reply(conversation& with);
  void tell(const std::vector<std::string>& recipients, promise what, const std::string& queue_id);

  outer_world& world_;
  gateway_doors& doors_;
  letter letter_;
  chance dice_;
};

// The way of gRPC, behind its wire: a submission with a key, repeated until it is answered, now and then twice at once.
class rpc_client {
 public:
  rpc_client(outer_world& world, gateway_doors& doors, letter what, std::uint64_t seed)
      : world_{world}, doors_{doors}, letter_{std::move(what)}, dice_{seed, "rpc" + letter_.what.token} {}
  [[nodiscard]] static async::awaitable<void> run(std::shared_ptr<rpc_client> self);

 private:
  [[nodiscard]] mail::submission make_submission() const;
  void on_answer(const ingress::admission_answer& answer);

  outer_world& world_;
  gateway_doors& doors_;
  letter letter_;
  chance dice_;
  bool answered_ = false;
};

}  // namespace stellwerk::simulation
