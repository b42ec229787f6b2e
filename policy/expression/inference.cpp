#include "policy/expression/inference.hpp"

#include <algorithm>

namespace stellwerk::policy::expression {

type inference::fresh() {
  bound_.emplace_back();
  return type::parameter(static_cast<int>(bound_.size()) - 1);
}

type inference::instantiate(const type& t, std::vector<type>& made) {
  switch (t.kind()) {
    case type_kind::parameter:
      while (made.size() <= static_cast<std::size_t>(t.parameter_number())) made.push_back(fresh());
      return made[static_cast<std::size_t>(t.parameter_number())];
    case type_kind::list: return type::list_of(instantiate(t.element(), made));
    case type_kind::map: {
      type key = instantiate(t.key(), made);
      return type::map_of(std::move(key), instantiate(t.mapped(), made));
    }
    default: return t;
  }
}

const type& inference::head(const type& t) const {
  const type* at = &t;
  while (at->is(type_kind::parameter)) {
    const auto& next = bound_[static_cast<std::size_t>(at->parameter_number())];
    if (!next) break;
    at = &*next;
  }
  return *at;
}

bool inference::occurs(int number, const type& in) const {
  const type& t = head(in);
  if (t.is(type_kind::parameter)) return t.parameter_number() == number;
  return std::any_of(t.parameters().begin(), t.parameters().end(), [&](const type& p) { return occurs(number, p); });
}

bool inference::bind(const type& parameter, const type& to) {
  if (to.is(type_kind::parameter) && to.parameter_number() == parameter.parameter_number()) return true;
  if (occurs(parameter.parameter_number(), to)) return false;
  bound_[static_cast<std::size_t>(parameter.parameter_number())] = to;
  return true;
}

bool inference::fits(const type& to, const type& from) {
  const type wanted = head(to), given = head(from);
  if (wanted.is(type_kind::dyn) || given.is(type_kind::dyn)) return true;
  if (wanted.is(type_kind::parameter)) return bind(wanted, given);
  if (given.is(type_kind::parameter)) return bind(given, wanted);
  const auto takes_null = [](const type& t) {
    return t.is(type_kind::timestamp) || t.is(type_kind::duration) || t.is(type_kind::object);
  };
  if ((given.is(type_kind::null) && takes_null(wanted)) || (wanted.is(type_kind::null) && takes_null(given)))
    return true;
  if (wanted.kind() != given.kind()) return false;
  if (wanted.is(type_kind::object)) return wanted.shape().name == given.shape().name;
  return std::equal(wanted.parameters().begin(), wanted.parameters().end(), given.parameters().begin(),
                    given.parameters().end(), [&](const type& w, const type& g) { return fits(w, g); });
}

bool inference::fits_all(const std::vector<type>& to, const std::vector<type>& from) {
  auto before = bound_;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (fits(to[i], from[i])) continue;
    bound_ = std::move(before);
    return false;
  }
  return true;
}

type inference::resolved(const type& t) const {
  const type& at = head(t);
  switch (at.kind()) {
    case type_kind::list: return type::list_of(resolved(at.element()));
    case type_kind::map: return type::map_of(resolved(at.key()), resolved(at.mapped()));
    default: return at;
  }
}

type inference::join(const type& a, const type& b) {
  const type x = head(a), y = head(b);
  if (x.is(type_kind::dyn) || y.is(type_kind::dyn)) return type::dyn();
  if (x.is(type_kind::list) && y.is(type_kind::list)) return type::list_of(join(x.element(), y.element()));
  if (x.is(type_kind::map) && y.is(type_kind::map)) {
    type key = join(x.key(), y.key());
    return type::map_of(std::move(key), join(x.mapped(), y.mapped()));
  }
  if (x.is(type_kind::null)) return fits(y, x) ? y : type::dyn();
  return fits(x, y) ? x : type::dyn();
}

}  // namespace stellwerk::policy::expression
