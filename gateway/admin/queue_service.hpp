// QueueService: queued mail seen, held, released, retried, cancelled. Reads run on the readers; operations are the
// dispatcher's, in order with everything else, so each answers the recipients' real states.
//
// Every operation needs a reason and is logged as operator_action. Thread rule: as the handler's.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gateway/admin/admin_handler.hpp"
#include "gateway/admin/connect_call.hpp"
#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {

class queue_service {
 public:
  explicit queue_service(const admin_sources& sources) : sources_{sources} {}
  void add_methods(method_table& table);

 private:
  template <class Response>
  using answer = async::awaitable<outcome<Response>>;

  [[nodiscard]] answer<stellwerk::v1::ListMessagesResponse> list(stellwerk::v1::ListMessagesRequest request,
                                                                 operator_identity who);
  [[nodiscard]] answer<stellwerk::v1::GetMessageResponse> get(stellwerk::v1::GetMessageRequest request,
                                                              operator_identity who);
  // The four operations have requests and responses of one shape.
  template <class Request, class Response, delivery::operation What>
  [[nodiscard]] answer<Response> operate(Request request, operator_identity who);

  struct order {
    delivery::operation what;
    std::string_view name;
    std::vector<queue_id> ids;
    std::string reason;
    operator_identity who;
  };
  [[nodiscard]] answer<std::vector<stellwerk::v1::QueuedRecipient>> carry_out(order given);
  [[nodiscard]] async::awaitable<result<std::vector<spool::recipient_row>>> operate_one(delivery::operation what,
                                                                                        queue_id id,
                                                                                        std::string reason);

  const admin_sources& sources_;
};

}  // namespace stellwerk::admin
