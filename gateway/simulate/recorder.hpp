// recorder: what a stand-in saw, one JSON line per message (contracts section 5). The sink, not the gateway, decides
// what was accepted: a line is written before the reply leaves, `replied` says whether it did.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace stellwerk::simulate {

struct record {
  std::string door;
  std::string attempt;  // our own id, as the vendor would echo it
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content;               // hashed and measured; written to raw_file when asked
  std::string verdict = "accepted";  // accepted, refused, not_complete
  bool replied = true;
  std::string fault;
  std::string idempotency_key;
};

class recorder {
 public:
  // `path` empty: keeps nothing. `raw_directory` empty: no raw files.
  recorder(std::string path, std::string raw_directory, const clock& time);
  ~recorder();
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;

  [[nodiscard]] bool usable() const { return path_.empty() || descriptor_ >= 0; }
  void write(const record& what);

 private:
  const std::string path_;
  const std::string raw_directory_;
  const clock& time_;
  int descriptor_ = -1;
  std::uint64_t number_ = 0;
};

}  // namespace stellwerk::simulate
