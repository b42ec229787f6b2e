// QueueService: queued mail seen, held, released, retried, rerouted, bounced, cancelled. Reads run on the readers;
// operations are the dispatcher's, in order with everything else, so each answers the recipients' real states.
//
// Every order needs a reason and is written to the audit log before it is carried out. An order by filter goes page by
// page over what passes at that moment. Thread rule: as the handler's.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/admin/admin_handler.hpp"
#include "gateway/admin/connect_call.hpp"
#include "gateway/admin/queue_filter.hpp"
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
  // The operations have requests and responses of one shape.
  template <class Request, class Response, delivery::operation What>
  [[nodiscard]] answer<Response> operate(Request request, operator_identity who);

  // Recipients of one message that an order is for.
  struct target {
    spool::message_row message;
    std::vector<std::uint32_t> only;  // empty: all
  };
  struct order {
    delivery::operation what;
    std::vector<queue_id> ids;
    std::optional<queue_filter> filter;  // instead of ids
    std::string reason;
    std::string destination;  // reroute
    operator_identity who;
  };
  struct done_so_far {
    std::vector<stellwerk::v1::QueuedRecipient> shown;
    std::int64_t changed = 0;
  };
  [[nodiscard]] answer<done_so_far> carry_out(order given);
  [[nodiscard]] async::awaitable<std::optional<call_fault>> by_ids(const order& given, done_so_far& done);
  [[nodiscard]] async::awaitable<std::optional<call_fault>> by_filter(const order& given, done_so_far& done);
  [[nodiscard]] async::awaitable<std::optional<call_fault>> write_order(const order& given);
  [[nodiscard]] async::awaitable<std::optional<call_fault>> operate_all(const order& given, std::vector<target> targets,
                                                                        done_so_far& done);
  [[nodiscard]] async::awaitable<result<std::vector<delivery::operated_recipient>>> operate_one(
      delivery::operate_order one);

  const admin_sources& sources_;
};

}  // namespace stellwerk::admin
