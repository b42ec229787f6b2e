#include "policy/expression/type.hpp"

#include <utility>

namespace stellwerk::policy::expression {

type type::list_of(type element) {
  type t{type_kind::list};
  t.parameters_.push_back(std::move(element));
  return t;
}

type type::map_of(type key, type mapped) {
  type t{type_kind::map};
  t.parameters_.push_back(std::move(key));
  t.parameters_.push_back(std::move(mapped));
  return t;
}

type type::object(std::string name, std::vector<std::pair<std::string, type>> fields) {
  type t{type_kind::object};
  t.shape_ = std::make_shared<const object_shape>(object_shape{std::move(name), std::move(fields)});
  return t;
}

type type::parameter(int number) {
  type t{type_kind::parameter};
  t.number_ = number;
  return t;
}

const type* object_shape::field(std::string_view wanted) const {
  for (const auto& [name, field_type] : fields) {
    if (name == wanted) return &field_type;
  }
  return nullptr;
}

std::string to_string(const type& t) {
  switch (t.kind()) {
    case type_kind::dyn:
    case type_kind::parameter: return "dyn";
    case type_kind::null: return "null";
    case type_kind::boolean: return "bool";
    case type_kind::integer: return "int";
    case type_kind::unsigned_integer: return "uint";
    case type_kind::real: return "double";
    case type_kind::string: return "string";
    case type_kind::bytes: return "bytes";
    case type_kind::list: return "list(" + to_string(t.element()) + ")";
    case type_kind::map: return "map(" + to_string(t.key()) + ", " + to_string(t.mapped()) + ")";
    case type_kind::timestamp: return "timestamp";
    case type_kind::duration: return "duration";
    case type_kind::type: return "type";
    case type_kind::object: return t.shape().name;
  }
  return "dyn";
}

}  // namespace stellwerk::policy::expression
