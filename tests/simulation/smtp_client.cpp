#include "base/text.hpp"
#include "mail/dot_stuffing.hpp"
#include "tests/simulation/clients.hpp"
#include "tests/simulation/house_rules.hpp"

namespace stellwerk::simulation {
namespace {

constexpr int tries_max = 6;

// Once more apart from the house's: a line that begins with a dot gets another one.
std::string stuffed(std::string_view content) {
  std::string wire;
  for (std::size_t at = 0; at < content.size();) {
    const auto end = content.find("\r\n", at) + 2;
    if (content[at] == '.') wire += '.';
    wire += content.substr(at, end - at);
    at = end;
  }
  return wire + ".\r\n";
}

}  // namespace

async::awaitable<void> smtp_client::run(std::unique_ptr<smtp_client> self) {
  self->world_.told.submitted(self->letter_.what);
  for (int i = 0; i < tries_max; ++i) {
    const end how = co_await self->try_once();
    if (how == end::taken || how == end::refused) co_return;
    if (how == end::lost && self->letter_.key.empty()) co_return;  // may be ours, may be theirs: nobody repeats
    co_await self->world_.pause(self->dice_.between_ms(500, 15'000));
  }
}

async::awaitable<smtp_client::end> smtp_client::try_once() {
  std::unique_ptr<test::memory_stream> stream = doors_.dial();
  if (!stream) co_return end::later;
  if (dice_.one_in(25)) {
    test::memory_faults faults;
    faults.chunk_max = dice_.between(1, 40);
    stream->set_write_faults(faults);
  }
  conversation with{links::link{world_.connections, std::move(stream)}};
  const end how = co_await converse(with);
  if (how == end::lost && with.handed_over) {
    tell(with.accepted, promise::unknown, std::string{});
    co_return end::lost;
  }
  co_return how == end::lost ? end::later : how;
}

async::awaitable<int> smtp_client::read_reply(conversation& with) {
  for (;;) {
    with.link.stream().expires_at(world_.time.steady() + std::chrono::minutes{2});
    const auto line = co_await with.lines.read_line(1024);
    if (!line) co_return 0;
    if (line->size() > 3 && (*line)[3] == '-') continue;
    const auto code = parse_decimal(line->substr(0, 3));
    const auto id = line->find("queued as ");
    if (id != std::string_view::npos) with.queue_id = std::string{line->substr(id + 10)};
    co_return code ? static_cast<int>(*code) : 0;
  }
}

async::awaitable<int> smtp_client::ask(conversation& with, std::string text) {
  text += "\r\n";
  const result<void> written = co_await with.link.stream().write_one(text);
  if (!written) co_return 0;
  co_return co_await read_reply(with);
}

async::awaitable<smtp_client::end> smtp_client::converse(conversation& with) {
  int code = co_await read_reply(with);
  if (code != 220) co_return end::later;
  code = co_await ask(with, std::string{"EHLO client.example"});
  if (code != 250) co_return end::later;
  code = co_await ask(with, "MAIL FROM:<" + letter_.what.reverse_path + ">");
  if (code != 250) co_return end::later;
  for (const std::string& recipient : letter_.recipients) {
    code = co_await ask(with, "RCPT TO:<" + recipient + ">");
    if (code == 0 || code == 421) co_return end::later;
    if (code == 250) with.accepted.push_back(recipient);
  }
  if (with.accepted.empty()) co_return end::later;
  code = co_await ask(with, std::string{"DATA"});
  if (code != 354) co_return end::later;
  co_return co_await send_content(with);
}

async::awaitable<smtp_client::end> smtp_client::send_content(conversation& with) {
  const std::string wire = stuffed(letter_.content);
  if (dice_.one_in(20)) {  // gone in the middle of it
    const std::string part = wire.substr(0, dice_.between(0, wire.size() - 6));
    (void)co_await with.link.stream().write_one(part);
    co_return end::later;
  }
  with.handed_over = true;
  const result<void> written = co_await with.link.stream().write_one(wire);
  if (!written) co_return end::lost;
  if (dice_.one_in(20)) co_return end::lost;  // gone before the answer
  const int code = co_await read_reply(with);
  if (code == 0) co_return end::lost;
  if (code == 250) {
    if (letter_.smuggles) world_.told.violation("a bare line feed was taken: " + letter_.what.token);
    tell(with.accepted, promise::acknowledged, with.queue_id);
    (void)co_await ask(with, std::string{"QUIT"});
    co_return end::taken;
  }
  if (code >= 500) {
    tell(with.accepted, promise::refused, std::string{});
    co_return end::refused;
  }
  // Kept by the client. A store that failed may have it all the same; without a key nobody could tell them apart.
  tell(with.accepted, promise::unknown, std::string{});
  co_return end::lost;
}

void smtp_client::tell(const std::vector<std::string>& recipients, promise what, const std::string& queue_id) {
  for (const std::string& one : recipients) world_.told.answered({letter_.what.token, one}, what, queue_id);
}

}  // namespace stellwerk::simulation
