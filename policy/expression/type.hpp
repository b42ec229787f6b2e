// Static types of the expression language, used at load only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/expression/value.hpp"

namespace stellwerk::policy::expression {

enum class type_kind {
  dyn,        // known at run time only
  parameter,  // to be inferred: the A of list(A)
  null,
  boolean,
  integer,
  unsigned_integer,
  real,
  string,
  bytes,
  list,
  map,
  timestamp,
  duration,
  type,
  object,  // a declared record with named fields; there is no way to build one in an expression
};

struct object_shape;

class type {
 public:
  type() = default;  // dyn
  explicit type(type_kind kind) : kind_{kind} {}
  [[nodiscard]] static type dyn() { return type{}; }
  [[nodiscard]] static type boolean() { return type{type_kind::boolean}; }
  [[nodiscard]] static type integer() { return type{type_kind::integer}; }
  [[nodiscard]] static type real() { return type{type_kind::real}; }
  [[nodiscard]] static type string() { return type{type_kind::string}; }
  [[nodiscard]] static type timestamp() { return type{type_kind::timestamp}; }
  [[nodiscard]] static type duration() { return type{type_kind::duration}; }
  [[nodiscard]] static type list_of(type element);
  [[nodiscard]] static type map_of(type key, type mapped);
  [[nodiscard]] static type object(std::string name, std::vector<std::pair<std::string, type>> fields);
  [[nodiscard]] static type parameter(int number);

  [[nodiscard]] type_kind kind() const { return kind_; }
  [[nodiscard]] bool is(type_kind kind) const { return kind_ == kind; }
  [[nodiscard]] const std::vector<type>& parameters() const { return parameters_; }
  [[nodiscard]] const type& element() const { return parameters_.front(); }  // REQUIRES list
  [[nodiscard]] const type& key() const { return parameters_.front(); }      // REQUIRES map
  [[nodiscard]] const type& mapped() const { return parameters_.back(); }    // REQUIRES map
  [[nodiscard]] const object_shape& shape() const { return *shape_; }        // REQUIRES object
  [[nodiscard]] int parameter_number() const { return number_; }             // REQUIRES parameter

 private:
  type_kind kind_ = type_kind::dyn;
  int number_ = 0;
  std::vector<type> parameters_;
  std::shared_ptr<const object_shape> shape_;
};

struct object_shape {
  std::string name;
  std::vector<std::pair<std::string, type>> fields;
  [[nodiscard]] const type* field(std::string_view wanted) const;
};

[[nodiscard]] std::string to_string(const type& t);  // "map(string, list(string))"

}  // namespace stellwerk::policy::expression
