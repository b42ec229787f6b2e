#include "policy/route/switch_node.hpp"

#include "base/text.hpp"

namespace stellwerk::policy {

void switch_node::propose(const facts& about, const history& past, const live_state& live, time_point now,
                          proposal& out) const {
  const fact_activation asked{about, destinations_, live, now};
  for (const branch& one : branches_) {
    if (one.when->ask(asked) != condition::answer::yes) continue;
    one.via->propose(about, past, live, now, out);
    return;
  }
  otherwise_->propose(about, past, live, now, out);
}

void switch_node::describe(std::string& out) const {
  out += "switch(";
  for (const branch& one : branches_) {
    append_json_string(out, one.source);
    out += ": ";
    one.via->describe(out);
    out += ", ";
  }
  out += "otherwise: ";
  otherwise_->describe(out);
  out += ')';
}

}  // namespace stellwerk::policy
