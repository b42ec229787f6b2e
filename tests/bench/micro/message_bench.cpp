// How many octets per second does one core read at the door (DATA phase) and analyse (header section, MIME tree)?
// Both stand on the path of every message before it is synced; at 50 KB a message the store takes about 13,000 of them
// per second, so either must do a multiple of 650 MB/s to be no bottleneck. And what do the envelope and the header
// section of an ordinary message cost? Together more than three microseconds would be bad news.
#include <string>

#include <benchmark/benchmark.h>

#include "mail/address.hpp"
#include "mail/address_list.hpp"
#include "mail/dot_stuffing.hpp"
#include "mail/header_section.hpp"
#include "mail/mime.hpp"

namespace {

using namespace stellwerk;

std::string make_message(std::size_t octets) {
  std::string text =
      "From: shop@example.org\r\nTo: b@example.org\r\nSubject: Your order 4711\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/alternative; boundary=part\r\n\r\n--part\r\nContent-Type: text/plain\r\n\r\n";
  const auto fill = [&text](std::size_t until) {
    while (text.size() < until)
      text += "A line of text as people write them, now and then with a dot.\r\n.and at the start\r\n";
  };
  fill(octets / 2);
  text += "--part\r\nContent-Type: text/html\r\n\r\n";
  fill(octets);
  return text + "--part--\r\n";
}

void read_data_phase(benchmark::State& state) {
  std::string wire;
  mail::append_stuffed(wire, make_message(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    mail::data_reader reader{wire.size()};
    for (std::size_t at = 0; at < wire.size(); at += 16384)
      benchmark::DoNotOptimize(reader.feed(std::string_view{wire}.substr(at, 16384)));
    if (!reader.complete()) state.SkipWithError("the end was not found");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(wire.size()));
}
BENCHMARK(read_data_phase)->Arg(2048)->Arg(50 * 1024)->Arg(1024 * 1024);

void stuff_content(benchmark::State& state) {
  const std::string content = make_message(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(mail::stuffed_pieces(content));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
}
BENCHMARK(stuff_content)->Arg(2048)->Arg(50 * 1024);

void scan_message(benchmark::State& state) {
  const std::string content = make_message(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const auto header = mail::header_section::parse(content);
    benchmark::DoNotOptimize(mail::scan_mime(content, header));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
}
BENCHMARK(scan_message)->Arg(2048)->Arg(50 * 1024);

void parse_path(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(mail::parse_path("bounce+4711=ann@mail.shop.example", mail::utf8_rule::refused));
}
BENCHMARK(parse_path);

void parse_address_list(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(mail::parse_address_list("\"Ann, of Bath\" <ann@example.org>, bob@example.net"));
}
BENCHMARK(parse_address_list);

void parse_header_section(benchmark::State& state) {
  const std::string content = make_message(2048);
  for (auto _ : state) benchmark::DoNotOptimize(mail::header_section::parse(content));
}
BENCHMARK(parse_header_section);

}  // namespace
