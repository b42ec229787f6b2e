#include <iostream>
#include <memory>
#include <optional>

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "gateway/cli/command.hpp"
#include "mail/analysed_message.hpp"
#include "policy/expression/containers.hpp"
#include "policy/expression/program.hpp"
#include "policy/expression/time_text.hpp"
#include "policy/expression/value_json.hpp"
#include "policy/fact_activation.hpp"
#include "policy/fact_schema.hpp"
#include "policy/policy.hpp"

namespace stellwerk::cli {
namespace {

namespace cel = policy::expression;
namespace json = boost::json;

// JSON as values: objects are maps, integers are ints. Everything lives in `memory` or in the document.
cel::value value_of(const json::value& from, cel::evaluation_memory& memory) {
  switch (from.kind()) {
    case json::kind::null: return cel::value::null();
    case json::kind::bool_: return cel::value::boolean(from.get_bool());
    case json::kind::int64: return cel::value::integer(from.get_int64());
    case json::kind::uint64: return cel::value::unsigned_integer(from.get_uint64());
    case json::kind::double_: return cel::value::real(from.get_double());
    case json::kind::string: return cel::value::string(std::string_view{from.get_string()});
    case json::kind::array: {
      const auto elements = memory.make_array<cel::value>(from.get_array().size());
      for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = value_of(from.get_array()[i], memory);
      return cel::value::list(*memory.make<cel::value_list>(elements));
    }
    case json::kind::object: {
      const auto entries = memory.make_array<cel::map_entry>(from.get_object().size());
      std::size_t i = 0;
      for (const auto& [key, mapped] : from.get_object()) {
        entries[i++] = {cel::value::string(std::string_view{key.data(), key.size()}), value_of(mapped, memory)};
      }
      return cel::value::map(*memory.make<cel::value_map>(entries));
    }
  }
  return cel::value::null();
}

// Facts given as JSON: the known names have their types, a missing one its type's zero value; other names are what they
// are.
class json_facts final : public cel::activation {
 public:
  json_facts(const json::object& facts, const cel::schema& names) : facts_{facts}, names_{names} {}

  [[nodiscard]] cel::value variable(std::uint16_t slot, cel::evaluation_memory& memory) const override {
    const cel::declared_variable& declared = names_.variables()[slot];
    const json::value* given = facts_.if_contains(declared.name);
    const auto fault = [&](std::string_view message) {
      return cel::value::error(*memory.make<cel::evaluation_fault>(cel::evaluation_fault{memory.copy(message)}));
    };
    if (declared.declared.is(cel::type_kind::duration)) {
      const auto read = given != nullptr && given->is_string()
                            ? cel::parse_duration(std::string_view{given->get_string()})
                            : std::optional{std::chrono::nanoseconds{0}};
      return read ? cel::value::duration(*read) : fault(declared.name + " is no duration");
    }
    if (declared.declared.is(cel::type_kind::timestamp)) {
      const auto read = given != nullptr && given->is_string()
                            ? cel::parse_timestamp(std::string_view{given->get_string()})
                            : std::optional{cel::instant{}};
      return read ? cel::value::timestamp(*read) : fault(declared.name + " is no timestamp");
    }
    if (declared.absent_reads_empty && (given == nullptr || given->is_object())) return reading_empty(given, memory);
    if (declared.declared.is(cel::type_kind::object) && (given == nullptr || given->is_object())) {
      return object_of(declared.declared.shape(), given, memory);
    }
    if (given != nullptr) return value_of(*given, memory);
    return zero_of(declared.declared, memory);
  }

  [[nodiscard]] cel::value call(std::uint16_t function, std::span<const cel::value> arguments,
                                cel::evaluation_memory& memory) const override {
    const cel::declared_function& declared = names_.functions()[function];
    const json::value* given = facts_.if_contains(declared.name);
    if (given != nullptr && given->is_object() && arguments.size() == 1 && arguments[0].is(cel::value_kind::string)) {
      const std::string_view key = arguments[0].as_text();
      if (const json::value* answer = given->get_object().if_contains(key)) {
        const cel::value told = value_of(*answer, memory);
        const bool whole = declared.result.is(cel::type_kind::real) && told.is(cel::value_kind::integer);
        return whole ? cel::value::real(static_cast<double>(told.as_integer())) : told;
      }
    }
    return zero_of(declared.result, memory);
  }

 private:
  [[nodiscard]] static cel::value reading_empty(const json::value* given, cel::evaluation_memory& memory) {
    std::span<cel::map_entry> entries;
    if (given != nullptr) {
      entries = memory.make_array<cel::map_entry>(given->get_object().size());
      std::size_t i = 0;
      for (const auto& [key, mapped] : given->get_object()) {
        entries[i++] = {cel::value::string(std::string_view{key.data(), key.size()}), value_of(mapped, memory)};
      }
    }
    return cel::value::map(*memory.make<cel::value_map>(entries, cel::value_map::absent_key::reads_empty));
  }

  // Every field of the shape: as given, else "".
  [[nodiscard]] static cel::value object_of(const cel::object_shape& shape, const json::value* given,
                                            cel::evaluation_memory& memory) {
    const auto entries = memory.make_array<cel::map_entry>(shape.fields.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string& name = shape.fields[i].first;
      const json::value* field = given != nullptr ? given->get_object().if_contains(name) : nullptr;
      entries[i] = {cel::value::string(name), field != nullptr ? value_of(*field, memory) : cel::value::string("")};
    }
    return cel::value::map(*memory.make<cel::value_map>(entries));
  }

  [[nodiscard]] static cel::value zero_of(const cel::type& of, cel::evaluation_memory& memory) {
    switch (of.kind()) {
      case cel::type_kind::string: return cel::value::string("");
      case cel::type_kind::integer: return cel::value::integer(0);
      case cel::type_kind::real: return cel::value::real(0);
      case cel::type_kind::boolean: return cel::value::boolean(false);
      case cel::type_kind::list: return cel::value::list(*memory.make<cel::value_list>(std::span<const cel::value>{}));
      case cel::type_kind::map: return cel::value::map(*memory.make<cel::value_map>(std::span<const cel::map_entry>{}));
      default: return cel::value::null();
    }
  }

  const json::object& facts_;
  const cel::schema& names_;
};

std::unique_ptr<cel::program> compiled_or_null(std::string_view source, const cel::schema& names, cel::fault& why) {
  auto compiled = cel::compile(source, names);
  if (compiled) return std::make_unique<cel::program>(*std::move(compiled));
  why = compiled.error();
  return nullptr;
}

// What a policy would refuse for its types may still have a value: it is printed, and the fault beside it as a note.
int print_value(std::string_view source, cel::schema names, const cel::activation& facts) {
  cel::fault refused;
  auto program = compiled_or_null(source, names, refused);
  const bool strict = program != nullptr;
  if (!strict) {
    cel::fault unreadable;
    program = compiled_or_null(source, names.check(cel::schema::checking::at_run_time), unreadable);
  }
  cel::evaluation_memory memory;
  const cel::value answer = program ? program->run(facts, memory) : cel::value::null();
  if (!program || (!strict && answer.is_error())) {
    std::cerr << render(refused) << "\n";
    return 1;
  }
  if (answer.is_error()) {
    std::cerr << render(program->describe(answer)) << "\n";
    return 1;
  }
  if (!strict) std::cerr << "note: a policy refuses this expression: " << render(refused) << "\n";
  std::cout << to_json(answer, memory) << "\n";
  return 0;
}

int with_message(const eval_arguments& arguments) {
  const std::string& file = arguments.message;
  const auto text = read_file(file);
  if (!text) {
    std::cerr << "stellwerk: " << file << ": cannot be read\n";
    return 1;
  }
  auto analysed = mail::analyse_message(std::make_shared<const std::string>(*text));
  if (!analysed) {
    std::cerr << "stellwerk: " << file << ": the message has no readable header\n";
    return 1;
  }
  mail::submission submission;
  submission.content = (*analysed)->content;
  submission.envelope.reverse_path = (*analysed)->header_from;
  for (const std::string& to : (*analysed)->features.to) submission.envelope.recipients.push_back({to, {}});
  const policy::message_facts facts = policy::make_message_facts(submission, **analysed);
  const std::string recipient =
      submission.envelope.recipients.empty() ? "" : submission.envelope.recipients.front().address;
  const policy::facts about = policy::make_facts(facts, mail::traffic_stream::transactional, recipient);
  const policy::ideal_live_state live;
  return print_value(arguments.expression, policy::whole_fact_schema(),
                     policy::fact_activation{about, {}, live, system_clock{}.now()});
}

// Names that no policy knows are variables too, of whatever type their value is: {"x": 3} lets `x + 1` be tried.
std::optional<cel::schema> schema_with(const json::object& facts) {
  cel::schema names = policy::whole_fact_schema();
  for (const auto& [key, given] : facts) {
    const std::string_view name{key.data(), key.size()};
    if (names.slot_of(name) >= 0 || names.function_of(name) >= 0) continue;
    if (names.variables().size() == cel::slots_max) return std::nullopt;
    names.variable(std::string{name}, cel::type::dyn());
  }
  return names;
}

}  // namespace

int eval(const eval_arguments& arguments) {
  if (!arguments.message.empty()) return with_message(arguments);
  json::value parsed = json::object{};
  if (!arguments.facts.empty()) {
    const auto text = read_file(arguments.facts);
    boost::system::error_code failure;
    if (text) parsed = json::parse(*text, failure);
    if (!text || failure || !parsed.is_object()) {
      std::cerr << "stellwerk: " << arguments.facts << ": " << (text ? "a JSON object is expected" : "cannot be read")
                << "\n";
      return 1;
    }
  }
  const auto names = schema_with(parsed.get_object());
  if (!names) {
    std::cerr << "stellwerk: " << arguments.facts << ": more than " << cel::slots_max << " names\n";
    return 1;
  }
  return print_value(arguments.expression, *names, json_facts{parsed.get_object(), *names});
}

}  // namespace stellwerk::cli
