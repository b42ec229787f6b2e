// DestinationService: the ways out as the dispatcher sees them, and the operator's hand on them. The table belongs to
// the dispatch thread: every call is posted there and answered with what it then shows.
//
// Every change needs a reason and is written to the audit log before it is made. Thread rule: as the handler's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/admin/admin_handler.hpp"
#include "gateway/admin/connect_call.hpp"
#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {

class destination_service {
 public:
  explicit destination_service(const admin_sources& sources) : sources_{sources} {}
  void add_methods(method_table& table);

 private:
  template <class Response>
  using answer = async::awaitable<outcome<Response>>;

  [[nodiscard]] answer<stellwerk::v1::ListDestinationsResponse> list(stellwerk::v1::ListDestinationsRequest request,
                                                                     operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::DrainDestinationResponse> drain(stellwerk::v1::DrainDestinationRequest request,
                                                                      operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::SuspendDestinationResponse> suspend(
      stellwerk::v1::SuspendDestinationRequest request, operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::ResumeDestinationResponse> resume(stellwerk::v1::ResumeDestinationRequest request,
                                                                        operator_identity who);

  [[nodiscard]] answer<stellwerk::v1::ProbeDestinationResponse> probe(stellwerk::v1::ProbeDestinationRequest request,
                                                                      operator_identity who);

  using change = std::function<bool(delivery::destination_table& table)>;  // false: no such destination
  struct order {
    std::string_view action;
    std::string name;
    std::string reason;
    operator_identity who;
    change apply;
    std::vector<std::pair<std::string, std::string>> details;
  };
  [[nodiscard]] answer<stellwerk::v1::Destination> carry_out(order given);
  [[nodiscard]] async::awaitable<std::optional<stellwerk::v1::Destination>> find(std::string name);
  // nullopt: the change said no.
  [[nodiscard]] async::awaitable<std::optional<std::vector<delivery::destination_snapshot>>> on_table(change apply);

  const admin_sources& sources_;
};

}  // namespace stellwerk::admin
