// PolicyService: the rules in force, rules to come, and what they would do with a message. Applying is the app's, in
// order with its reloads; explaining is the router's, with the live state of the dispatch thread.
//
// Thread rule: as the handler's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/admin/admin_handler.hpp"
#include "gateway/admin/connect_call.hpp"
#include "gateway/rehearsal/rehearsal.hpp"
#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {

class policy_service {
 public:
  explicit policy_service(const admin_sources& sources) : sources_{sources} {}
  void add_methods(method_table& table);

 private:
  template <class Response>
  using answer = async::awaitable<outcome<Response>>;

  [[nodiscard]] answer<stellwerk::v1::GetPolicyResponse> get(stellwerk::v1::GetPolicyRequest request,
                                                             operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::CheckPolicyResponse> check(stellwerk::v1::CheckPolicyRequest request,
                                                                 operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::ApplyPolicyResponse> apply(stellwerk::v1::ApplyPolicyRequest request,
                                                                 operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::ExplainMessageResponse> explain(stellwerk::v1::ExplainMessageRequest request,
                                                                      operator_identity who);

  [[nodiscard]] answer<stellwerk::v1::ReplayTrafficResponse> replay(stellwerk::v1::ReplayTrafficRequest request,
                                                                    operator_identity who);

  [[nodiscard]] answer<std::string> explain_new(const stellwerk::v1::ExplainMessageRequest& request,
                                                const rehearsal::assumption& assumed);
  [[nodiscard]] answer<std::string> explain_queued(const stellwerk::v1::ExplainMessageRequest& request,
                                                   const rehearsal::assumption& assumed);

  const admin_sources& sources_;
};

}  // namespace stellwerk::admin
