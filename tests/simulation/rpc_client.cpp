#include "base/async/event.hpp"
#include "gateway/ingress/fingerprint.hpp"
#include "tests/simulation/clients.hpp"
#include "tests/simulation/house_rules.hpp"

namespace stellwerk::simulation {
namespace {

constexpr int tries_max = 8;

}  // namespace

mail::submission rpc_client::make_submission() const {
  mail::submission made;
  made.envelope.reverse_path = letter_.what.reverse_path;
  for (const std::string& one : letter_.recipients) made.envelope.recipients.push_back({one, {}});
  made.content = std::make_shared<const std::string>(letter_.content);
  made.client = client_name;
  made.tenant = "acme";
  made.ingress = mail::ingress_kind::grpc;
  made.dsn_allowed = !letter_.what.reverse_path.empty();
  if (letter_.what.personal) made.tags.push_back("personal");
  made.idempotency_key = "rpc-" + letter_.what.token;
  ingress::fingerprint_builder print;
  print.add(letter_.content);
  made.fingerprint = print.finish();
  return made;
}

void rpc_client::on_answer(const ingress::admission_answer& answer) {
  if (const auto* taken = std::get_if<ingress::admitted>(&answer)) {
    answered_ = true;
    for (const std::string& one : letter_.recipients)
      world_.told.answered({letter_.what.token, one}, promise::acknowledged, taken->message.id().to_string());
    return;
  }
  const ingress::refusal& refused = std::get<ingress::refusal>(answer);
  const bool passes = refused.kind == ingress::refusal_kind::queue_full ||
                      refused.kind == ingress::refusal_kind::store_failed ||
                      refused.kind == ingress::refusal_kind::draining;
  for (const std::string& one : letter_.recipients)
    world_.told.answered({letter_.what.token, one}, passes ? promise::unknown : promise::refused, std::string{});
  answered_ = answered_ || !passes;
}

async::awaitable<void> rpc_client::run(std::shared_ptr<rpc_client> self) {
  self->world_.told.submitted(self->letter_.what);
  for (int i = 0; i < tries_max && !self->answered_; ++i) {
    const auto done = [self](const ingress::admission_answer& answer) { self->on_answer(answer); };
    const std::uint64_t copies = self->dice_.one_in(4) ? 2 : 1;
    for (std::uint64_t copy = 0; copy < copies; ++copy) {
      if (self->doors_.submit(self->make_submission(), done)) {
        for (const std::string& one : self->letter_.recipients)
          self->world_.told.answered({self->letter_.what.token, one}, promise::unknown, std::string{});
      }
    }
    co_await self->world_.pause(self->dice_.between_ms(200, 10'000));
  }
}

}  // namespace stellwerk::simulation
