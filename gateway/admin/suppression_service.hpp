// SuppressionService: who must not be mailed. Lists are read from the store; changes go to the dispatch thread, which
// holds to them at once, and are answered when they are durable.
//
// Every change needs a reason and is written to the audit log before it is made: an address there, as everywhere in
// logs, is shortened, with the hash that tells which one it was. Thread rule: as the handler's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/admin/admin_handler.hpp"
#include "gateway/admin/connect_call.hpp"
#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {

class suppression_service {
 public:
  explicit suppression_service(const admin_sources& sources) : sources_{sources} {}
  void add_methods(method_table& table);

 private:
  template <class Response>
  using answer = async::awaitable<outcome<Response>>;

  [[nodiscard]] answer<stellwerk::v1::ListSuppressionsResponse> list(stellwerk::v1::ListSuppressionsRequest request,
                                                                     operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::AddSuppressionsResponse> add(stellwerk::v1::AddSuppressionsRequest request,
                                                                   operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::RemoveSuppressionsResponse> remove(
      stellwerk::v1::RemoveSuppressionsRequest request, operator_identity who);

  struct order {
    std::string_view action;
    std::vector<spool::suppression_change> changes;
    std::string reason;
    operator_identity who;
  };
  // Written down, carried out, durable.
  [[nodiscard]] answer<delivery::suppress_answer> carry_out(order given);

  const admin_sources& sources_;
};

}  // namespace stellwerk::admin
