// Runs a fuzz target without libFuzzer: every file of its corpus, then a fixed number of mutations from a fixed seed.
// The same inputs on every machine, so a failure repeats. `replay CORPUS COUNT`; a crash leaves its input beside the
// executable.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::string current_input;
std::string crash_file;

void save_current_input() {
  std::ofstream{crash_file, std::ios::binary} << current_input;
  std::fprintf(stderr, "the input is in %s (%zu octets)\n", crash_file.c_str(), current_input.size());
}

void on_abort(int /*signal*/) {
  save_current_input();
  std::_Exit(1);
}

void run(std::string input) {
  current_input = std::move(input);
  // A copy on the heap of exactly this size: reading one octet too far is seen.
  const std::vector<std::uint8_t> exact{current_input.begin(), current_input.end()};
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::vector<std::string> read_corpus(const char* folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file{path, std::ios::binary};
    corpus.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return corpus;
}

constexpr std::string_view telling_octets{"\0\r\n.\"<>@:;=()\\,-/ \t\x7f\x80\xc3\xff", 23};

void mutate(std::string& text, const std::vector<std::string>& corpus, stellwerk::random_source& random) {
  const std::size_t at = text.empty() ? 0 : random.below(text.size());
  const std::size_t length = random.below(std::min<std::size_t>(text.size() - at, 32) + 1);
  switch (random.below(6)) {
    case 0:
      if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      return;
    case 1: text.insert(at, 1, telling_octets[random.below(telling_octets.size())]); return;
    case 2: text.erase(at, length); return;
    case 3: text.insert(at, text.substr(at, length)); return;
    case 4: text.resize(at); return;
    default: {
      const std::string& other = corpus[random.below(corpus.size())];
      text.insert(at, other, random.below(other.size() + 1), 64);
      return;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  crash_file = std::string{arguments[0]} + ".crash-input";
  const std::vector<std::string> corpus = read_corpus(arguments[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s is empty\n", arguments[1]);
    return 1;
  }
  std::signal(SIGABRT, on_abort);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(save_current_input);
#endif
  for (const std::string& input : corpus) run(input);
  stellwerk::seeded_random random{20260131};
  const unsigned long mutations = std::strtoul(arguments[2], nullptr, 10);
  for (unsigned long n = 0; n < mutations; ++n) {
    std::string input = corpus[random.below(corpus.size())];
    for (std::uint64_t times = random.below(6) + 1; times > 0; --times) mutate(input, corpus, random);
    run(std::move(input));
  }
  std::printf("%zu inputs of the corpus, %lu mutations\n", corpus.size(), mutations);
  return 0;
}
