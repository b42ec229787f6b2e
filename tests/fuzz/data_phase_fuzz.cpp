// The DATA phase: the end is found at the same octet however the input is cut, and what we stuff is read back
// unchanged.
#include <cstdint>
#include <string>
#include <string_view>

#include "mail/dot_stuffing.hpp"
#include "tests/fuzz/require.hpp"

using namespace stellwerk;

namespace {

struct reading {
  std::size_t taken = 0;
  bool complete = false;
  bool faulty = false;  // of two faults in one line either may be called the first
  std::size_t size = 0;
  friend bool operator==(const reading&, const reading&) = default;
};

reading read(std::string_view wire, std::size_t step) {
  mail::data_reader reader{1'000'000};
  reading out;
  while (out.taken < wire.size() && !reader.complete()) {
    const std::string_view piece = wire.substr(out.taken, step);
    const std::size_t taken = reader.feed(piece);
    fuzz::require(taken == piece.size() || reader.complete(), "all is taken before the end");
    out.taken += taken;
  }
  out.complete = reader.complete();
  out.faulty = reader.fault() != mail::framing_fault::none;
  out.size = reader.size();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire{reinterpret_cast<const char*>(data), size};
  const reading whole = read(wire, wire.size() + 1);
  for (const std::size_t step : {1U, 2U, 3U, 7U})
    fuzz::require(read(wire, step) == whole, "cutting the input changes nothing");

  if (mail::check_framing(wire) != mail::framing_fault::none) return 0;
  std::string stuffed;
  mail::append_stuffed(stuffed, wire);
  mail::data_reader reader{1'000'000};
  fuzz::require(reader.feed(stuffed) == stuffed.size() && reader.complete(), "our own end is the end");
  fuzz::require(reader.fault() == mail::framing_fault::none, "good framing stays good");
  std::string expected{wire};
  if (!expected.ends_with("\r\n") && !expected.empty()) expected += "\r\n";
  fuzz::require(reader.take_content() == expected, "stuffing and unstuffing give the content back");
  return 0;
}
