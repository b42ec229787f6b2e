#include "policy/expression/program.hpp"

#include <utility>

#include "policy/expression/evaluator.hpp"
#include "policy/expression/parser.hpp"

namespace stellwerk::policy::expression {

struct program::body {
  std::string source;
  node_ptr root;
  findings found;
};

program::program(std::unique_ptr<const body> made) : body_{std::move(made)} {}
program::program(program&&) noexcept = default;
program& program::operator=(program&&) noexcept = default;
program::~program() = default;

boost::system::result<program, fault> compile(std::string_view source, const schema& names) {
  auto parsed = parse(source);
  if (!parsed) return parsed.error();
  auto made = std::make_unique<program::body>();
  made->source = source;
  made->root = std::move(*parsed);
  auto found = check(source, *made->root, names);
  if (!found) return found.error();
  made->found = std::move(*found);
  return program{std::move(made)};
}

value program::run(const activation& facts, evaluation_memory& memory) const {
  return evaluate(*body_->root, facts, memory);
}

evaluation_error program::describe(const value& error) const {
  const evaluation_fault& why = error.as_error();
  const fault shown = make_fault(body_->source, why.located ? why.offset : 0, std::string{why.message});
  return {shown.message, shown.at, shown.excerpt};
}

const std::string& program::source() const { return body_->source; }
const type& program::result_type() const { return body_->found.result; }
const slot_set& program::variables_used() const { return body_->found.variables; }
const function_set& program::functions_used() const { return body_->found.functions; }
const std::vector<declared_call>& program::calls() const { return body_->found.calls; }

}  // namespace stellwerk::policy::expression
