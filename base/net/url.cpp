#include "base/net/url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/text.hpp"

namespace stellwerk::net {

result<url_parts> parse_url(std::string_view text) {
  const error malformed{errc::malformed, "net.parse_url"};
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view{text.data(), text.size()});
  if (!parsed || parsed->has_userinfo() || parsed->has_query() || parsed->has_fragment()) return malformed;
  url_parts parts;
  parts.scheme = ascii_lower(std::string_view{parsed->scheme().data(), parsed->scheme().size()});
  if (parts.scheme != "http" && parts.scheme != "https") return malformed;
  parts.host = ascii_lower(std::string{parsed->encoded_host_address()});
  if (parts.host.empty()) return malformed;
  parts.port = parts.scheme == "https" ? 443 : 80;
  if (parsed->has_port() && !parsed->port().empty()) {
    const auto port = parse_decimal(std::string_view{parsed->port().data(), parsed->port().size()});
    if (!port || *port == 0 || *port > 65535) return malformed;
    parts.port = static_cast<std::uint16_t>(*port);
  }
  parts.path = std::string{parsed->encoded_path()};
  while (parts.path.ends_with('/')) parts.path.pop_back();
  return parts;
}

}  // namespace stellwerk::net
