#include "gateway/admin/policy_service.hpp"

namespace stellwerk::admin {

namespace v1 = stellwerk::v1;

void policy_service::add_methods(method_table& table) {
  add_method(table, "/stellwerk.v1.PolicyService/GetPolicy", *this, &policy_service::get);
}

async::awaitable<outcome<v1::GetPolicyResponse>> policy_service::get(v1::GetPolicyRequest /*request*/,
                                                                     operator_identity /*who*/) {
  const auto rules = sources_.policy.load();
  if (!rules) co_return call_fault{connect_code::failed_precondition, "no policy is loaded"};
  v1::GetPolicyResponse response;
  response.set_version(rules->version());
  const auto routes = rules->routes();
  for (std::size_t i = 0; i < routes.size(); ++i) response.add_routes(routes[i].name + ": " + rules->describe(i));
  co_return response;
}

}  // namespace stellwerk::admin
