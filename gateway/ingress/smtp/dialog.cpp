#include "gateway/ingress/smtp/dialog.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "gateway/ingress/smtp/replies.hpp"

namespace stellwerk::ingress::smtp {
namespace {

constexpr std::size_t name_octets_max = 255;

bool allowed_by(const smtp_door& door, std::string_view ip) {
  if (door.allowed.empty()) return true;
  const auto address = net::ip_address::parse(ip);
  return address && net::any_contains(door.allowed, *address);
}

}  // namespace

// The order is that of how often they come.
const dialog::verb dialog::verbs_[] = {
    {"MAIL", &dialog::on_mail, false},
    {"RCPT", &dialog::on_rcpt, false},
    {"DATA", &dialog::on_data, false},
    {"QUIT", &dialog::on_quit, false},
    {"EHLO", &dialog::on_ehlo, false},
    {"HELO", &dialog::on_helo, true},
    {"RSET", &dialog::on_rset, true},
    {"STARTTLS", &dialog::on_starttls, false},
    {"AUTH", &dialog::on_auth, false},
    {"NOOP", &dialog::on_noop, true},
    {"VRFY", &dialog::on_vrfy, true},
    {"HELP", &dialog::on_help, true},
    {"EXPN", &dialog::on_not_implemented, true},
    {"TURN", &dialog::on_not_implemented, true},
    {"ETRN", &dialog::on_not_implemented, true},
    {"BDAT", &dialog::on_bdat, false},
    {"GET", &dialog::on_http, false},
    {"POST", &dialog::on_http, false},
    {"PUT", &dialog::on_http, false},
    {"HEAD", &dialog::on_http, false},
    {"OPTIONS", &dialog::on_http, false},
    {"CONNECT", &dialog::on_http, false},
    {"HOST:", &dialog::on_http, false},
};

dialog::dialog(door_settings_ptr settings, std::string_view door_name, std::string peer_ip,
               const door_pressure& pressure)
    : settings_{std::move(settings)},
      door_{settings_->door(door_name)},
      pressure_{pressure},
      peer_ip_{std::move(peer_ip)},
      may_speak_{allowed_by(*door_, peer_ip_)} {
  find_client();
}

void dialog::find_client() {
  const bool by_network = door_->config.profile == smtp_profile::relay && may_speak_;
  client_ = by_network ? settings_->clients.by_network(peer_ip_) : nullptr;
}

void dialog::refresh(door_settings_ptr settings) {
  const smtp_door* door = settings->door(door_->config.name);
  if (door == nullptr) return;
  const std::string name = authenticated_ && client_ != nullptr ? client_->name : std::string{};
  settings_ = std::move(settings);
  door_ = door;
  may_speak_ = allowed_by(*door_, peer_ip_);
  if (!authenticated_) {
    find_client();
    return;
  }
  client_ = settings_->clients.by_name(name);
  authenticated_ = client_ != nullptr;
  if (!authenticated_) find_client();
}

void dialog::greet() {
  output_ += "220 ";
  output_ += settings_->node_name;
  output_ += " ESMTP\r\n";
}

void dialog::say_farewell(farewell why) {
  switch (why) {
    case farewell::timed_out: output_ += replies::timed_out; return;
    case farewell::too_slow: output_ += replies::too_slow; return;
    case farewell::too_much_content: output_ += replies::too_much_content; return;
    case farewell::draining: output_ += replies::draining; return;
    case farewell::talked_too_early: output_ += replies::talked_too_early; return;
  }
}

step dialog::on_line(std::string_view line, behind rest) {
  if (exchange_ != auth_exchange::none) return on_auth_line(line);
  if (line.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos)
    return on_line_fault(line_fault::bad_line_end);
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::string_view name = line.substr(0, blank);
  const std::string_view argument = trim(line.substr(blank));
  if (line.size() + 2 > command_octets_max && !iequals(name, "AUTH")) return on_line_fault(line_fault::too_long);
  if (!is_valid_utf8(line)) return count_error(replies::bad_octets);
  for (const verb& known : verbs_) {
    if (!iequals(known.name, name)) continue;
    if (known.junk && ++junk_ > door_->config.junk_commands_max) return say_and_close(replies::too_many_errors);
    return (this->*known.handle)(argument, rest);
  }
  return count_error(replies::unknown_command);
}

step dialog::on_line_fault(line_fault fault) {
  const bool in_exchange = exchange_ != auth_exchange::none;
  exchange_ = auth_exchange::none;
  switch (fault) {
    case line_fault::too_long: return count_error(in_exchange ? replies::auth_line_too_long : replies::line_too_long);
    case line_fault::bad_line_end: break;
  }
  return count_error(replies::bad_line_end);
}

step dialog::say(std::string_view text) {
  output_ += text;
  return step::read_command;
}

step dialog::say_and_close(std::string_view text) {
  output_ += text;
  return step::close;
}

step dialog::count_error(std::string_view text) {
  if (++errors_ > door_->config.unknown_commands_max) return say_and_close(replies::too_many_errors);
  return say(text);
}

void dialog::forget_transaction() {
  in_transaction_ = false;
  envelope_ = {};
  declared_size_ = 0;
  recipient_refused_ = false;
}

bool dialog::take_name(std::string_view argument) {
  if (argument.empty() || argument.size() > name_octets_max || argument.find(' ') != std::string_view::npos)
    return false;
  helo_ = argument;
  forget_transaction();  // RFC 5321 section 4.1.4
  return true;
}

step dialog::on_helo(std::string_view argument, behind /*rest*/) {
  if (!take_name(argument)) return count_error(replies::name_wanted);
  extended_ = false;
  output_ += "250 ";
  output_ += settings_->node_name;
  return say("\r\n");
}

step dialog::on_ehlo(std::string_view argument, behind /*rest*/) {
  if (pressure_.draining()) return say_and_close(replies::draining);
  if (!take_name(argument)) return count_error(replies::name_wanted);
  extended_ = true;
  output_ += "250-";
  output_ += settings_->node_name;
  output_ += "\r\n";
  append_extensions();
  return step::read_command;
}

void dialog::append_extensions() {
  output_ += "250-PIPELINING\r\n250-SIZE ";
  output_ += std::to_string(content_size_max());
  output_ += "\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n";
  if (door_->tls && !tls_) output_ += "250-STARTTLS\r\n";
  if (auth_offered()) output_ += "250-AUTH PLAIN LOGIN\r\n";
  output_ += "250 ENHANCEDSTATUSCODES\r\n";
}

step dialog::on_noop(std::string_view /*argument*/, behind /*rest*/) { return say(replies::ok); }

step dialog::on_rset(std::string_view argument, behind /*rest*/) {
  if (!argument.empty()) return count_error(replies::no_argument_wanted);
  forget_transaction();
  return say(replies::ok);
}

// The same for everybody: whether an address exists is not told (RFC 5321 section 7.3).
step dialog::on_vrfy(std::string_view argument, behind /*rest*/) {
  return say(argument.empty() ? replies::argument_wanted : replies::cannot_verify);
}

step dialog::on_help(std::string_view /*argument*/, behind /*rest*/) { return say(replies::help); }

step dialog::on_quit(std::string_view /*argument*/, behind /*rest*/) { return say_and_close(replies::bye); }

step dialog::on_not_implemented(std::string_view /*argument*/, behind /*rest*/) {
  return say(replies::not_implemented);
}

// CHUNKING is not offered. What follows is content and not commands, so nobody may go on reading.
step dialog::on_bdat(std::string_view /*argument*/, behind /*rest*/) { return say_and_close(replies::not_implemented); }

// A browser was made to speak to us; its body must not be read as commands.
step dialog::on_http(std::string_view /*argument*/, behind /*rest*/) { return say_and_close(replies::not_mail); }

}  // namespace stellwerk::ingress::smtp
