#include "policy/condition.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "policy/expression/program.hpp"
#include "policy/route/route_compiler.hpp"

namespace stellwerk::policy {
namespace {

policy_fault fault_of(const std::string& path, std::string message, const expression::position& at) {
  if (at.line == 1) return {path, std::move(message), at.column};
  return {path, fmt::format("line {}, column {}: {}", at.line, at.column, message), 0};
}

bool uses(const expression::program& program, fact_slot slot) {
  return program.variables_used().test(static_cast<std::size_t>(slot));
}

// available("onprm") would quietly never be true: the name has to be known now.
std::vector<policy_fault> faults_of_calls(const expression::program& program, const std::string& path,
                                          const std::vector<destination_traits>& destinations) {
  std::vector<policy_fault> out;
  for (const expression::declared_call& call : program.calls()) {
    if (!call.literal) continue;
    const bool known = std::any_of(destinations.begin(), destinations.end(),
                                   [&](const destination_traits& one) { return one.name == call.argument; });
    if (known) continue;
    out.push_back(fault_of(
        path,
        fmt::format("unknown destination '{}'{}", call.argument, nearest_destination_hint(call.argument, destinations)),
        call.at));
  }
  return out;
}

}  // namespace

struct condition::compiled {
  expression::program program;
  bool depends_on_the_moment = false;
};

condition::condition(std::string path, std::unique_ptr<const compiled> body)
    : path_{std::move(path)}, body_{std::move(body)} {}
condition::~condition() = default;

std::variant<std::unique_ptr<const condition>, std::vector<policy_fault>> condition::compile(
    std::string_view source, std::string path, condition_use use, const std::vector<destination_traits>& destinations) {
  if (source.empty()) return std::unique_ptr<const condition>{new condition{std::move(path), nullptr}};
  auto program = expression::compile(source, fact_schema(use));
  if (!program) {
    const expression::fault& why = program.error();
    return std::vector{fault_of(path, why.message, why.at)};
  }
  const expression::type_kind answers = program->result_type().kind();
  if (answers != expression::type_kind::boolean && answers != expression::type_kind::dyn) {
    return std::vector{policy_fault{
        path, fmt::format("a condition is true or false, this is {}", to_string(program->result_type())), 1}};
  }
  auto faults = faults_of_calls(*program, path, destinations);
  if (!faults.empty()) return faults;
  const bool moment = program->functions_used().any() || uses(*program, fact_slot::now) ||
                      uses(*program, fact_slot::attempt) || uses(*program, fact_slot::age);
  auto body = std::make_unique<const compiled>(compiled{std::move(*program), moment});
  return std::unique_ptr<const condition>{new condition{std::move(path), std::move(body)}};
}

condition::answer condition::ask(const fact_activation& about) const {
  if (!body_) return answer::yes;
  expression::evaluation_memory memory;
  const expression::value said = body_->program.run(about, memory);
  if (said.is_true()) return answer::yes;
  if (said.is_false()) return answer::no;
  errors_.fetch_add(1, std::memory_order_relaxed);
  return answer::error;
}

condition::answer condition::ask_about(const expression::activation& facts) const {
  if (!body_) return answer::yes;
  expression::evaluation_memory memory;
  const expression::value said = body_->program.run(facts, memory);
  return said.is_true() ? answer::yes : said.is_false() ? answer::no : answer::error;
}

bool condition::names(fact_slot slot) const { return body_ && uses(body_->program, slot); }

bool condition::depends_on_the_moment() const { return body_ && body_->depends_on_the_moment; }

}  // namespace stellwerk::policy
