// A tree as YAML: block maps and lists with two spaces, every quoted scalar in double quotes. Comments are not kept.
#include "base/text.hpp"
#include "gateway/config/yaml_tree.hpp"

namespace stellwerk::config {
namespace {

// A scalar that was plain text and reads as the same plain text in every place.
bool stays_plain(const yaml_node& node) {
  if (node.quoted || node.text.empty()) return false;
  for (const char c : node.text) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                      c == '.' || c == '/' || c == '%' || c == ' ' || c == '-';
    if (!word) return false;
  }
  const char first = node.text.front();
  return first != '-' && first != ' ' && first != '%' && node.text.back() != ' ' && first != '.';
}

void append_scalar(std::string& out, const yaml_node& node) {
  if (stays_plain(node)) {
    out += node.text;
  } else {
    append_json_string(out, node.text);
  }
}

void append_key(std::string& out, const std::string& key) {
  yaml_node plain;
  plain.text = key;
  append_scalar(out, plain);
}

void append_node(std::string& out, const yaml_node& node, std::size_t depth);

bool is_nested(const yaml_node& node) {
  return (node.what == yaml_node::kind::map && !node.fields.empty()) ||
         (node.what == yaml_node::kind::list && !node.items.empty());
}

void append_value(std::string& out, const yaml_node& node, std::size_t depth) {
  if (is_nested(node)) {
    out += '\n';
    append_node(out, node, depth + 1);
    return;
  }
  out += ' ';
  switch (node.what) {
    case yaml_node::kind::null: out += "null"; break;
    case yaml_node::kind::scalar: append_scalar(out, node); break;
    case yaml_node::kind::list: out += "[]"; break;
    case yaml_node::kind::map: out += "{}"; break;
  }
  out += '\n';
}

void append_node(std::string& out, const yaml_node& node, std::size_t depth) {
  for (const auto& [key, value] : node.fields) {
    out.append(depth * 2, ' ');
    append_key(out, key);
    out += ':';
    append_value(out, value, depth);
  }
  for (const yaml_node& item : node.items) {
    out.append(depth * 2, ' ');
    out += '-';
    append_value(out, item, depth);
  }
}

}  // namespace

std::string to_yaml(const yaml_node& node) {
  std::string out;
  if (is_nested(node)) {
    append_node(out, node, 0);
  } else {
    append_value(out, node, 0);
  }
  return out;
}

}  // namespace stellwerk::config
