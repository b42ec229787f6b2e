// program: a compiled expression. Immutable, shared between threads; every evaluation brings its own memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "policy/expression/activation.hpp"
#include "policy/expression/checker.hpp"
#include "policy/expression/fault.hpp"
#include "policy/expression/memory.hpp"
#include "policy/expression/schema.hpp"
#include "policy/expression/type.hpp"
#include "policy/expression/value.hpp"

namespace stellwerk::policy::expression {

class program {
 public:
  program(program&&) noexcept;
  program& operator=(program&&) noexcept;
  ~program();

  // The value, or an error value (described by describe()). Views in it live as long as activation, memory and program.
  [[nodiscard]] value run(const activation& facts, evaluation_memory& memory) const;
  [[nodiscard]] evaluation_error describe(const value& error) const;  // REQUIRES error.is_error()

  [[nodiscard]] const std::string& source() const;
  [[nodiscard]] const type& result_type() const;
  [[nodiscard]] const slot_set& variables_used() const;
  [[nodiscard]] const function_set& functions_used() const;
  [[nodiscard]] const std::vector<declared_call>& calls() const;  // of the schema's functions, with literal arguments

 private:
  friend boost::system::result<program, fault> compile(std::string_view source, const schema& names);
  struct body;
  explicit program(std::unique_ptr<const body> made);
  std::unique_ptr<const body> body_;
};

[[nodiscard]] boost::system::result<program, fault> compile(std::string_view source, const schema& names);

}  // namespace stellwerk::policy::expression
