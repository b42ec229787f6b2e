#include "tests/conformance/smtp/fake_acceptor.hpp"

#include <algorithm>

namespace stellwerk::test {
namespace {

// Only a store can make the proof; this one is never instantiated.
struct proof : spool::store {
  static spool::accepted_message of(const queue_id& id, bool duplicate) { return make_accepted(id, duplicate); }
};

}  // namespace

spool::accepted_message fake_acceptor::proof_of(const queue_id& id, bool duplicate) { return proof::of(id, duplicate); }

void fake_acceptor::accept(spool::accept_request request, spool::accept_completion done) {
  if (holds) {
    held_.emplace_back(std::move(request), std::move(done));
    return;
  }
  done(take(std::move(request)));
}

void fake_acceptor::release() {
  holds = false;
  for (auto& [request, done] : std::exchange(held_, {})) done(take(std::move(request)));
}

result<spool::accept_answer> fake_acceptor::take(spool::accept_request request) {
  if (failure) return *failure;
  if (request.idempotency) {
    const auto key = std::pair{request.idempotency->tenant, request.idempotency->key};
    const auto known = claims_.find(key);
    if (known != claims_.end()) {
      if (known->second.fingerprint != request.idempotency->fingerprint)
        return error{errc::fingerprint_differs, "spool.accept"};
      return merge(known->second.index, std::move(request));
    }
    claims_[key] = {request.idempotency->fingerprint, accepted.size()};
  }
  spool::accept_answer answer{proof::of(request.message.id, false), request.recipients};
  accepted.push_back(std::move(request));
  return answer;
}

spool::accept_answer fake_acceptor::merge(std::size_t index, spool::accept_request request) {
  spool::accept_request& first = accepted[index];
  spool::accept_answer answer{proof::of(first.message.id, true), {}};
  if (!request.idempotency->merge_recipients) return answer;
  for (spool::recipient_row& row : request.recipients) {
    const bool known = std::any_of(first.recipients.begin(), first.recipients.end(),
                                   [&](const auto& one) { return one.address == row.address; });
    if (known) continue;
    row.key = {first.message.id, static_cast<std::uint32_t>(first.recipients.size())};
    first.recipients.push_back(row);
    answer.added.push_back(row);
  }
  if (!answer.added.empty()) answer.message = proof::of(first.message.id, false);
  return answer;
}

}  // namespace stellwerk::test
