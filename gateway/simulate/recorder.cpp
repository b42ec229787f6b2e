#include "gateway/simulate/recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "base/sha256.hpp"
#include "base/text.hpp"

namespace stellwerk::simulate {

namespace {

// What no declared change touches.
std::string_view body_of(std::string_view content) {
  const auto end = content.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string_view{} : content.substr(end + 4);
}

}  // namespace

recorder::recorder(std::string path, std::string raw_directory, const clock& time)
    : path_{std::move(path)}, raw_directory_{std::move(raw_directory)}, time_{time} {
  if (!path_.empty()) descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

recorder::~recorder() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void recorder::write(const record& what) {
  if (descriptor_ < 0) return;
  std::string raw_file;
  if (!raw_directory_.empty()) {
    raw_file = raw_directory_ + "/" + std::to_string(++number_) + ".raw";
    std::ofstream{raw_file, std::ios::binary} << what.content;
  }
  std::string line = "{\"at\":";
  append_json_string(line, to_rfc3339(time_.now()));
  const auto text = [&line](std::string_view name, std::string_view value) {
    line += ",\"";
    line += name;
    line += "\":";
    append_json_string(line, value);
  };
  text("door", what.door);
  text("attempt", what.attempt);
  text("reverse_path", what.reverse_path);
  line += ",\"recipients\":[";
  for (std::size_t i = 0; i < what.recipients.size(); ++i) {
    if (i > 0) line += ',';
    append_json_string(line, what.recipients[i]);
  }
  line += "],\"headers\":{";
  std::set<std::string> seen;
  for (const auto& [name, value] : what.headers) {
    if (!seen.insert(ascii_lower(name)).second) continue;
    if (seen.size() > 1) line += ',';
    append_json_string(line, name);
    line += ':';
    append_json_string(line, value);
  }
  line += '}';
  text("sha256", sha256_hex(what.content));
  text("body_sha256", sha256_hex(body_of(what.content)));
  line += ",\"size\":" + std::to_string(what.content.size());
  text("verdict", what.verdict);
  line += what.replied ? ",\"replied\":true" : ",\"replied\":false";
  text("fault", what.fault);
  text("idempotency_key", what.idempotency_key);
  text("raw_file", raw_file);
  line += "}\n";
  // One write per line: readers that follow the file never see half a line.
  if (::write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    ::close(descriptor_);
    descriptor_ = -1;
  }
}

}  // namespace stellwerk::simulate
