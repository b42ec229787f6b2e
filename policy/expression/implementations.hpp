// The code behind the rows of builtins.cpp, one file per family.
#pragma once

#include "policy/expression/builtins.hpp"

namespace stellwerk::policy::expression::implementations {

using arguments = std::span<const value>;

// arithmetic.cpp
value add(const call_context&, arguments);
value subtract(const call_context&, arguments);
value multiply(const call_context&, arguments);
value divide(const call_context&, arguments);
value modulo(const call_context&, arguments);
value negate(const call_context&, arguments);

// relations.cpp
value equals(const call_context&, arguments);
value not_equals(const call_context&, arguments);
value less(const call_context&, arguments);
value less_equal(const call_context&, arguments);
value greater(const call_context&, arguments);
value greater_equal(const call_context&, arguments);
value logical_not(const call_context&, arguments);
value in(const call_context&, arguments);
value index(const call_context&, arguments);
value size(const call_context&, arguments);

// conversions.cpp
value to_dyn(const call_context&, arguments);
value to_type(const call_context&, arguments);
value to_boolean(const call_context&, arguments);
value to_integer(const call_context&, arguments);
value to_unsigned(const call_context&, arguments);
value to_real(const call_context&, arguments);
value to_text(const call_context&, arguments);
value to_bytes(const call_context&, arguments);
value to_timestamp(const call_context&, arguments);
value to_duration(const call_context&, arguments);

// text_functions.cpp
value contains(const call_context&, arguments);
value starts_with(const call_context&, arguments);
value ends_with(const call_context&, arguments);
value matches(const call_context&, arguments);
value lower_ascii(const call_context&, arguments);
value upper_ascii(const call_context&, arguments);
value trim(const call_context&, arguments);
value reverse(const call_context&, arguments);
value char_at(const call_context&, arguments);
value index_of(const call_context&, arguments);
value last_index_of(const call_context&, arguments);
value substring(const call_context&, arguments);
value replace(const call_context&, arguments);
value split(const call_context&, arguments);
value join(const call_context&, arguments);

// text_format.cpp
value format(const call_context&, arguments);
value quote(const call_context&, arguments);

// time_functions.cpp
value get_full_year(const call_context&, arguments);
value get_month(const call_context&, arguments);
value get_date(const call_context&, arguments);
value get_day_of_month(const call_context&, arguments);
value get_day_of_week(const call_context&, arguments);
value get_day_of_year(const call_context&, arguments);
value get_hours(const call_context&, arguments);
value get_minutes(const call_context&, arguments);
value get_seconds(const call_context&, arguments);
value get_milliseconds(const call_context&, arguments);

}  // namespace stellwerk::policy::expression::implementations
