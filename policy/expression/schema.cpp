#include "policy/expression/schema.hpp"

#include <algorithm>
#include <stdexcept>

namespace stellwerk::policy::expression {

schema& schema::variable(std::string name, type declared) {
  // Schemas are made at start-up from code, so a full one is a mistake of ours.
  if (variables_.size() == slots_max) throw std::length_error{"expression schema: too many variables"};
  variables_.push_back({std::move(name), std::move(declared), false, {}});
  return *this;
}

schema& schema::map_reading_empty(std::string name, type declared) {
  variable(std::move(name), std::move(declared));
  variables_.back().absent_reads_empty = true;
  return *this;
}

schema& schema::function(std::string name, std::vector<type> parameters, type result) {
  if (functions_.size() == functions_max) throw std::length_error{"expression schema: too many functions"};
  functions_.push_back({std::move(name), std::move(parameters), std::move(result), {}});
  return *this;
}

schema& schema::check(checking when) {
  checking_ = when;
  return *this;
}

schema schema::without(std::string_view use, std::initializer_list<std::string_view> names) const {
  schema subset = *this;
  const auto named = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  for (auto& variable : subset.variables_) {
    if (named(variable.name)) variable.refused_in = use;
  }
  for (auto& function : subset.functions_) {
    if (named(function.name)) function.refused_in = use;
  }
  return subset;
}

int schema::slot_of(std::string_view name) const {
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    if (variables_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int schema::function_of(std::string_view name) const {
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    if (functions_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace stellwerk::policy::expression
