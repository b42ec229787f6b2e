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
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add({yaml_node::kind::null, position_of(mark), {}, false, {}, {}}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    faults.push_back({position_of(mark), "", "aliases are not allowed: write the value out"});
    add({yaml_node::kind::null, position_of(mark), {}, false, {}, {}});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    const bool quoted = tag == "!";
    if (!quoted && tag != "?" && !tag.empty()) faults.push_back({position_of(mark), "", "tags are not allowed: " + tag});
    const bool null = !quoted && (value.empty() || value == "~" || value == "null");
    add({null ? yaml_node::kind::null : yaml_node::kind::scalar, position_of(mark), value, quoted, {}, {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open({yaml_node::kind::list, position_of(mark), {}, false, {}, {}});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open({yaml_node::kind::map, position_of(mark), {}, false, {}, {}});
  }
  void OnMapEnd() override { close(); }

  yaml_node root;
  std::vector<config_fault> faults;

 private:
  struct frame {
    yaml_node node;
    std::string key;
    bool has_key = false;
  };

  void open(yaml_node node) {
    if (stack_.size() >= depth_max) throw too_deep{};
    stack_.push_back({std::move(node), {}, false});
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
      return;
    }
    if (!top.has_key) {
      if (node.what == yaml_node::kind::list || node.what == yaml_node::kind::map) {
        faults.push_back({node.at, "", "a key must be plain text"});
      } else if (top.node.find(node.text) != nullptr) {
        faults.push_back({node.at, "", "duplicate key '" + node.text + "'"});
      }
      top.key = node.text;
      top.has_key = true;
      return;
    }
    top.node.fields.emplace_back(std::move(top.key), std::move(node));
    top.has_key = false;
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

std::variant<yaml_node, std::vector<config_fault>> parse_yaml(const std::string& text) {
  if (text.size() > file_bytes_max) return std::vector{config_fault{{}, "", "larger than 4 MB"}};
  builder made;
  try {
    std::istringstream in{text};
    YAML::Parser parser{in};
    if (!parser.HandleNextDocument(made)) return std::vector{config_fault{{}, "", "empty"}};
    builder second;
    if (parser.HandleNextDocument(second)) made.faults.push_back({second.root.at, "", "only one document is allowed"});
  } catch (const YAML::Exception& failure) {
    made.faults.push_back({position_of(failure.mark), "", failure.msg});
  } catch (const too_deep&) {
    made.faults.push_back({{}, "", "nested deeper than " + std::to_string(depth_max)});
  }
  if (!made.faults.empty()) return std::move(made.faults);
  return std::move(made.root);
}

}  // namespace stellwerk::config
