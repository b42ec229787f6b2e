#include "tests/unit/adapters/smtp/dialog_play.hpp"

#include <memory>
#include <stdexcept>

namespace stellwerk::adapters::smtp::test {
namespace {

void act(transaction_dialog& dialog, const client_action& action, played& so_far) {
  if (action.step != client_step::write_content) throw std::logic_error{"an action that no transaction asks for"};
  so_far.writes.emplace_back("<content>");
  dialog.on_content_committed();
}

void act(opening_dialog& dialog, const client_action& action, played& so_far) {
  if (action.step != client_step::start_tls) throw std::logic_error{"an action that no opening asks for"};
  so_far.writes.emplace_back("<tls>");
  dialog.on_tls_ready();
}

template <class Dialog>
played play_any(Dialog& dialog, const std::vector<std::string>& replies) {
  played so_far;
  for (client_action action = dialog.next(); action.step != client_step::done; action = dialog.next()) {
    if (action.step == client_step::write) {
      so_far.writes.emplace_back(action.bytes);
    } else if (action.step != client_step::read_reply) {
      act(dialog, action, so_far);
    } else if (so_far.replies_used == replies.size()) {
      dialog.on_lost("connection closed by the peer");
    } else {
      dialog.on_reply(reply_of(replies[so_far.replies_used++]));
    }
  }
  return so_far;
}

}  // namespace

mail::reply reply_of(std::string_view text) {
  std::string wire;
  for (const char c : text) c == '\n' ? wire.append("\r\n") : wire.append(1, c);
  wire += "\r\n";
  mail::reply_parser parser;
  if (parser.feed(wire) != wire.size() || !parser.complete()) throw std::logic_error{"no reply: " + std::string{text}};
  return parser.take();
}

played play(transaction_dialog& dialog, const std::vector<std::string>& replies) { return play_any(dialog, replies); }
played play(opening_dialog& dialog, const std::vector<std::string>& replies) { return play_any(dialog, replies); }

attempt an_attempt(std::vector<std::string> recipients) {
  attempt what;
  what.attempt_id = "attempt-1";
  what.destination = "onprem";
  what.reverse_path = "a@ours.example";
  for (std::string& address : recipients) {
    mail::envelope_recipient one;
    one.address = std::move(address);
    what.recipients.push_back(std::move(one));
  }
  what.content = std::make_shared<const std::string>("Subject: t\r\n\r\nline\r\n.dot\r\n");
  return what;
}

}  // namespace stellwerk::adapters::smtp::test
