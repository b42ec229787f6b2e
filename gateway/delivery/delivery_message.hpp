// A message in memory on the delivery side: its row, its bytes and what decisions read from them. Shared by its
// recipients' jobs; immutable once made.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "gateway/spool/rows.hpp"
#include "mail/analysed_message.hpp"
#include "policy/facts.hpp"
#include "policy/history.hpp"

namespace stellwerk::delivery {

class delivery_message {
 public:
  delivery_message(spool::message_row row, mail::analysed_ptr analysed);
  delivery_message(const delivery_message&) = delete;
  delivery_message& operator=(const delivery_message&) = delete;

  [[nodiscard]] const spool::message_row& row() const { return row_; }
  [[nodiscard]] const mail::content_ptr& content() const { return analysed_->content; }
  [[nodiscard]] const mail::analysed_message& analysed() const { return *analysed_; }
  [[nodiscard]] const policy::message_facts& facts() const { return facts_; }
  // When `deadline`s and lifetimes start to count: send_at, else acceptance.
  [[nodiscard]] time_point starts() const { return row_.send_at.value_or(row_.accepted); }
  [[nodiscard]] bool is_copy() const { return !row_.shadow_destination.empty(); }  // for a sandbox, never delivered
  [[nodiscard]] std::size_t bytes() const { return analysed_->content->size(); }

 private:
  spool::message_row row_;
  mail::analysed_ptr analysed_;
  policy::message_facts facts_;
};
using message_ptr = std::shared_ptr<const delivery_message>;

// The row of a message made from another one: what binds that binds this.
[[nodiscard]] spool::message_row made_from(const spool::message_row& cause, queue_id id, time_point now);

// errc::malformed when the stored content does not parse any more (a corrupt record).
[[nodiscard]] result<message_ptr> make_delivery_message(spool::message_row row, mail::content_ptr content,
                                                        mail::analysed_ptr analysed = nullptr);

// The facts of one recipient; views into the message and the row.
[[nodiscard]] policy::facts facts_of(const delivery_message& message, const spool::recipient_row& recipient,
                                     time_point now);
[[nodiscard]] policy::history history_of(const spool::recipient_row& recipient);

}  // namespace stellwerk::delivery
