// Type parameters bound while an expression is checked: which types fit where, and what A became.
#pragma once

#include <optional>
#include <vector>

#include "policy/expression/type.hpp"

namespace stellwerk::policy::expression {

class inference {
 public:
  [[nodiscard]] type fresh();

  // The overload's own parameters (A is number 0, B is 1) replaced by fresh ones.
  [[nodiscard]] type instantiate(const type& t, std::vector<type>& made);

  // Whether a value of type `from` fits where `to` is wanted; binds parameters on the way, also when it fails.
  [[nodiscard]] bool fits(const type& to, const type& from);
  [[nodiscard]] bool fits_all(const std::vector<type>& to, const std::vector<type>& from);  // binds nothing on failure

  [[nodiscard]] type resolved(const type& t) const;       // bound parameters replaced, at every depth
  [[nodiscard]] type join(const type& a, const type& b);  // the type of a list that holds both

 private:
  [[nodiscard]] const type& head(const type& t) const;
  [[nodiscard]] bool occurs(int number, const type& in) const;
  bool bind(const type& parameter, const type& to);

  std::vector<std::optional<type>> bound_;
};

}  // namespace stellwerk::policy::expression
