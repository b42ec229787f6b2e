// PolicyService: the rules in force. Thread rule: as the handler's.
#pragma once

#include "gateway/admin/admin_handler.hpp"
#include "gateway/admin/connect_call.hpp"
#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {

class policy_service {
 public:
  explicit policy_service(const admin_sources& sources) : sources_{sources} {}
  void add_methods(method_table& table);

 private:
  [[nodiscard]] async::awaitable<outcome<stellwerk::v1::GetPolicyResponse>> get(stellwerk::v1::GetPolicyRequest request,
                                                                                operator_identity who);

  const admin_sources& sources_;
};

}  // namespace stellwerk::admin
