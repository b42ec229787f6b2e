#include "gateway/config/yaml_tree.hpp"

#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace stellwerk::config {
namespace {

position position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

struct too_deep {};

class builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(node_at(yaml_node::kind::null, mark)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fault(position_of(mark), "aliases are not allowed: write the value out");
    add(node_at(yaml_node::kind::null, mark));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    yaml_node node = node_at(yaml_node::kind::scalar, mark);
    node.quoted = tag == "!";
    if (!node.quoted && tag != "?" && !tag.empty()) fault(node.at, "tags are not allowed: " + tag);
    if (!node.quoted && (value.empty() || value == "~" || value == "null")) node.what = yaml_node::kind::null;
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(node_at(yaml_node::kind::list, mark));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(node_at(yaml_node::kind::map, mark));
  }
  void OnMapEnd() override { close(); }

  yaml_node root;
  std::vector<config_fault> faults;

 private:
  struct frame {
    yaml_node node;
    std::string key;
    position key_at;
    bool has_key = false;
  };

  static yaml_node node_at(yaml_node::kind what, const YAML::Mark& mark) {
    yaml_node node;
    node.what = what;
    node.at = position_of(mark);
    return node;
  }

  // Where we are: "policy.routes[1]".
  [[nodiscard]] std::string path() const {
    std::string text;
    for (const frame& one : stack_) {
      if (one.node.what == yaml_node::kind::list) {
        text += "[" + std::to_string(one.node.items.size()) + "]";
      } else if (one.has_key) {
        text += (text.empty() ? "" : ".") + one.key;
      }
    }
    return text;
  }

  void fault(const position& at, std::string reason) { faults.push_back({at, path(), std::move(reason)}); }

  void open(yaml_node node) {
    if (stack_.size() >= depth_max) throw too_deep{};
    stack_.push_back({std::move(node), {}, {}, false});
  }

  void close() {
    yaml_node done = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(done));
  }

  void add(yaml_node node) {
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    frame& top = stack_.back();
    if (top.node.what == yaml_node::kind::list) {
      top.node.items.push_back(std::move(node));
    } else if (top.has_key) {
      node.key_at = top.key_at;
      top.has_key = false;
      top.node.fields.emplace_back(std::move(top.key), std::move(node));
    } else {
      add_key(std::move(node));
    }
  }

  void add_key(yaml_node node) {
    frame& top = stack_.back();
    if (node.what == yaml_node::kind::list || node.what == yaml_node::kind::map) {
      fault(node.at, "a key must be plain text");
    } else if (top.node.find(node.text) != nullptr) {
      fault(node.at, "duplicate key '" + node.text + "'");
    }
    top.key = std::move(node.text);
    top.key_at = node.at;
    top.has_key = true;
  }

  std::vector<frame> stack_;
};

}  // namespace

std::string to_string(const config_fault& fault, const std::string& file) {
  std::string text = file;
  if (fault.at.line > 0) text += ":" + std::to_string(fault.at.line) + ":" + std::to_string(fault.at.column);
  text += ": ";
  if (!fault.path.empty()) text += fault.path + ": ";
  return text + fault.reason;
}

const yaml_node* yaml_node::find(std::string_view key) const {
  for (const auto& [name, node] : fields) {
    if (name == key) return &node;
  }
  return nullptr;
}

yaml_document read_yaml(const std::string& text) {
  if (text.size() > file_bytes_max) return {{}, {{{}, "", "larger than 4 MB"}}, false};
  builder made;
  bool readable = false;
  try {
    std::istringstream in{text};
    YAML::Parser parser{in};
    if (!parser.HandleNextDocument(made)) return {{}, {{{}, "", "empty"}}, false};
    readable = true;
    builder second;
    if (parser.HandleNextDocument(second)) made.faults.push_back({second.root.at, "", "only one document is allowed"});
  } catch (const YAML::Exception& failure) {
    made.faults.push_back({position_of(failure.mark), "", failure.msg});
  } catch (const too_deep&) {
    made.faults.push_back({{}, "", "nested deeper than " + std::to_string(depth_max)});
  }
  return {std::move(made.root), std::move(made.faults), readable};
}

std::variant<yaml_node, std::vector<config_fault>> parse_yaml(const std::string& text) {
  yaml_document read = read_yaml(text);
  if (!read.faults.empty()) return std::move(read.faults);
  return std::move(read.root);
}

}  // namespace stellwerk::config
