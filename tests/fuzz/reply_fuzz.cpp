// Replies of a peer: the same verdict however they are cut; a reply we write is one we can read.
#include <cstdint>
#include <string_view>
#include <vector>

#include "mail/reply.hpp"
#include "tests/fuzz/require.hpp"

using namespace stellwerk;

namespace {

struct reading {
  std::vector<mail::reply> replies;
  bool malformed = false;
  friend bool operator==(const reading&, const reading&) = default;
};

reading read(std::string_view wire, std::size_t step) {
  mail::reply_parser parser;
  reading out;
  while (!wire.empty() && !parser.malformed()) {
    const std::string_view piece = wire.substr(0, step);
    const std::size_t taken = parser.feed(piece);
    if (parser.complete())
      out.replies.push_back(parser.take());
    else if (!parser.malformed())
      fuzz::require(taken == piece.size(), "an unfinished reply takes all");
    wire.remove_prefix(taken);
  }
  out.malformed = parser.malformed();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire{reinterpret_cast<const char*>(data), size};
  const reading whole = read(wire, wire.size() + 1);
  fuzz::require(read(wire, 1) == whole && read(wire, 5) == whole, "cutting the input changes nothing");
  for (const mail::reply& one : whole.replies) {
    fuzz::require(one.code >= 200 && one.code < 600, "a code is a code");
    fuzz::require(one.lines.size() <= mail::reply_lines_max, "lines are bounded");
    const reading again = read(mail::format_reply(one), 4096);
    fuzz::require(!again.malformed && again.replies.size() == 1 && again.replies[0].code == one.code,
                  "what we write we can read");
  }
  return 0;
}
