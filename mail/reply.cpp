#include "mail/reply.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "mail/foreign_text.hpp"

namespace stellwerk::mail {
namespace {

// Splits "5.1.1 text" where the code's class is that of the reply; replies without a status stay as they are.
std::optional<enhanced_status> status_of(int code, std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  const auto status = enhanced_status::parse(word);
  if (!status || status->status_class != code / 100) return std::nullopt;
  return status;
}

std::string_view without_status(const enhanced_status& status, std::string_view text) {
  const std::string word = status.to_string();
  if (!text.starts_with(word)) return text;
  if (text.size() == word.size()) return {};
  return text[word.size()] == ' ' ? text.substr(word.size() + 1) : text;
}

}  // namespace

std::string reply::to_string() const {
  std::string text = std::to_string(code);
  if (status) text.append(1, ' ').append(status->to_string());
  for (std::size_t i = 0; i < lines.size(); ++i) text.append(i == 0 ? " " : " / ").append(lines[i]);
  return text;
}

reply make_reply(int code, enhanced_status status, std::string text) {
  reply answer;
  answer.code = code;
  answer.status = status;
  answer.lines.push_back(std::move(text));
  return answer;
}

reply make_reply(int code, std::string text) {
  reply answer;
  answer.code = code;
  answer.lines.push_back(std::move(text));
  return answer;
}

std::string format_reply(const reply& answer) {
  const std::string code = std::to_string(answer.code);
  const std::string status = answer.status ? answer.status->to_string() + ' ' : std::string{};
  const std::size_t room = reply_line_octets_sent - 2 - code.size() - 1 - status.size();
  std::vector<std::string> texts;
  for (const std::string& line : answer.lines) {
    const std::string safe = printable_text(line, line.size());
    for (std::size_t at = 0; at == 0 || at < safe.size(); at += room) texts.push_back(safe.substr(at, room));
  }
  if (texts.empty()) texts.emplace_back();
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out.append(code).append(1, i + 1 == texts.size() ? ' ' : '-').append(status).append(texts[i]).append("\r\n");
  }
  return out;
}

std::size_t reply_parser::feed(std::string_view in) {
  std::size_t consumed = 0;
  while (state_ == state::incomplete && consumed < in.size()) {
    const std::string_view rest = in.substr(consumed);
    const auto lf = rest.find('\n');
    const std::size_t length = lf == std::string_view::npos ? rest.size() : lf + 1;
    if (line_.size() + length > reply_line_octets_max) {
      state_ = state::malformed;
      return consumed + length;
    }
    line_.append(rest.substr(0, length));
    consumed += length;
    if (lf == std::string_view::npos) break;
    const std::string line = std::exchange(line_, {});
    state_ = read_line(line);
  }
  return consumed;
}

reply_parser::state reply_parser::read_line(std::string_view line) {
  if (!line.ends_with("\r\n")) return state::malformed;
  line.remove_suffix(2);
  if (line.find_first_of(std::string_view{"\0\r", 2}) != std::string_view::npos) return state::malformed;
  const auto code = line.size() < 3 ? std::nullopt : parse_decimal(line.substr(0, 3));
  if (!code || *code < 200 || *code > 599) return state::malformed;
  const char separator = line.size() == 3 ? ' ' : line[3];
  if (separator != ' ' && separator != '-') return state::malformed;

  const std::string_view text = line.size() <= 4 ? std::string_view{} : line.substr(4);
  if (reply_.lines.empty()) {
    reply_.code = static_cast<int>(*code);
    reply_.status = status_of(reply_.code, text);
  } else if (reply_.code != static_cast<int>(*code) || reply_.lines.size() == reply_lines_max) {
    return state::malformed;
  }
  reply_.lines.emplace_back(reply_.status ? without_status(*reply_.status, text) : text);
  return separator == ' ' ? state::complete : state::incomplete;
}

reply reply_parser::take() {
  state_ = state::incomplete;
  return std::exchange(reply_, {});
}

}  // namespace stellwerk::mail
