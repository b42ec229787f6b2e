#include "adapters/smtp/peer_features.hpp"

#include <string_view>

#include "base/text.hpp"

namespace stellwerk::adapters::smtp {
namespace {

void read_mechanisms(std::string_view arguments, peer_features& features) {
  for (const std::string_view mechanism : split(arguments, ' ')) {
    if (iequals(mechanism, "PLAIN")) features.auth_plain = true;
    if (iequals(mechanism, "LOGIN")) features.auth_login = true;
  }
}

void read_line(std::string_view line, peer_features& features) {
  const auto blank = line.find_first_of(" =");  // "AUTH=LOGIN" is an old spelling still met
  const std::string_view keyword = line.substr(0, blank);
  const std::string_view arguments =
      blank == std::string_view::npos ? std::string_view{} : trim(line.substr(blank + 1));
  if (iequals(keyword, "PIPELINING")) features.pipelining = true;
  if (iequals(keyword, "8BITMIME")) features.eight_bit_mime = true;
  if (iequals(keyword, "SMTPUTF8")) features.smtputf8 = true;
  if (iequals(keyword, "DSN")) features.dsn = true;
  if (iequals(keyword, "STARTTLS")) features.starttls = true;
  if (iequals(keyword, "AUTH")) read_mechanisms(arguments, features);
  if (iequals(keyword, "SIZE")) {
    features.size = true;
    features.size_max = parse_decimal(arguments).value_or(0);
  }
}

}  // namespace

peer_features read_features(const mail::reply& ehlo_answer) {
  peer_features features;
  for (std::size_t i = 1; i < ehlo_answer.lines.size(); ++i) read_line(ehlo_answer.lines[i], features);
  return features;
}

}  // namespace stellwerk::adapters::smtp
