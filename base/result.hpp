// result<T>: the value of a function that can fail for an operating reason. Early return is written out:
//   auto r = f(); if (!r) return r.error();
#pragma once

#include <boost/system/result.hpp>

#include "base/error.hpp"

namespace stellwerk {

template <class T>
using result = boost::system::result<T, error>;

}  // namespace stellwerk
