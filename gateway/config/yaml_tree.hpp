// A YAML document as a plain tree with positions, read strictly: duplicate keys, aliases, tags, several documents and
// keys that are no plain text are faults. yaml-cpp alone accepts them (it returns the first of two equal keys).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/config/fault.hpp"

namespace stellwerk::config {

inline constexpr std::size_t file_bytes_max = 4'000'000;  // a configuration is written by people
inline constexpr std::size_t depth_max = 32;

struct yaml_node {
  enum class kind : unsigned char { null, scalar, list, map };
  kind what = kind::null;
  position at;
  position key_at;                                        // of the key, for a field of a map
  std::string text;                                       // scalar
  bool quoted = false;                                    // a quoted scalar is text, never a number or bool
  std::vector<yaml_node> items;                           // list
  std::vector<std::pair<std::string, yaml_node>> fields;  // map, in order
  [[nodiscard]] const yaml_node* find(std::string_view key) const;
};

struct yaml_document {
  yaml_node root;
  std::vector<config_fault> faults;  // of its form; what could be read is in `root`
  bool readable = false;             // false: no YAML at all, there is nothing to look at
};

[[nodiscard]] yaml_document read_yaml(const std::string& text);

// All of it or its faults: for small files beside the configuration.
[[nodiscard]] std::variant<yaml_node, std::vector<config_fault>> parse_yaml(const std::string& text);

// The same tree as text again, in one plain form; what is read from it equals what was read before.
[[nodiscard]] std::string to_yaml(const yaml_node& node);

}  // namespace stellwerk::config
