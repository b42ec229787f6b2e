#include "policy/fact_schema.hpp"

namespace stellwerk::policy {
namespace {

using expression::schema;
using expression::type;

// In the order of fact_slot and fact_function.
schema make_whole() {
  const type text = type::string();
  const type texts = type::map_of(text, text);
  schema out;
  for (const char* name : {"stream", "client", "tenant", "ingress", "listener", "reverse_path", "header_from",
                           "subject", "campaign", "template", "message_id"}) {
    out.variable(name, text);
  }
  out.map_reading_empty("header", texts);
  out.variable("headers", type::map_of(text, type::list_of(text)));
  out.variable("tags", type::list_of(text));
  out.map_reading_empty("metadata", texts);
  out.variable("size", type::integer());
  out.variable("recipients", type::integer());
  out.variable("recipient", type::object("recipient", {{"address", text}, {"local", text}, {"domain", text}}));
  out.variable("mailbox_provider", text);
  out.variable("attempt", type::integer());
  out.variable("age", type::duration());
  out.variable("now", type::timestamp());
  for (const char* name : {"name", "zone", "adapter"}) out.variable(name, text);
  out.variable("labels", texts);  // an absent label is an error: fail-closed
  out.function("available", {text}, type::boolean());
  out.function("backlog", {text}, type::integer());
  out.function("spent", {text}, type::real());
  return out;
}

}  // namespace

const schema& whole_fact_schema() {
  static const schema whole = make_whole();
  return whole;
}

const schema& fact_schema(condition_use use) {
  static const schema classify = whole_fact_schema().without(
      "a classify rule", {"stream", "recipient", "mailbox_provider", "attempt", "age", "now", "name", "zone", "adapter",
                          "labels", "available", "backlog", "spent"});
  static const schema route = whole_fact_schema().without("a route", {"name", "zone", "adapter", "labels"});
  static const schema refuse_route =
      route.without("a route that refuses", {"attempt", "age", "now", "available", "backlog", "spent"});
  static const schema invariant_when = whole_fact_schema().without(
      "an invariant's `when`",
      {"attempt", "age", "now", "name", "zone", "adapter", "labels", "available", "backlog", "spent"});
  static const schema invariant_only =
      whole_fact_schema().without("an invariant's `only`", {"attempt", "age", "now", "available", "backlog", "spent"});
  switch (use) {
    case condition_use::classify: return classify;
    case condition_use::route: return route;
    case condition_use::refuse_route: return refuse_route;
    case condition_use::invariant_when: return invariant_when;
    case condition_use::invariant_only: return invariant_only;
  }
  return classify;
}

}  // namespace stellwerk::policy
