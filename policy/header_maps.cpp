#include "policy/header_maps.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "policy/expression/containers.hpp"

namespace stellwerk::policy {
namespace {

using expression::evaluation_memory;
using expression::value;
using expression::value_kind;

// The keys are lower-case: any other spelling names no field.
bool can_name_a_field(const value& key) {
  if (!key.is(value_kind::string)) return false;
  const std::string_view name = key.as_text();
  return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Only a folded value has to be copied.
value unfolded(std::string_view raw, evaluation_memory& memory) {
  if (raw.find('\n') == std::string_view::npos && raw.find('\r') == std::string_view::npos)
    return value::string(trim(raw));
  (void)memory.charge(raw.size() / 16);
  return value::string(memory.copy(mail::unfold(raw)));
}

}  // namespace

const std::vector<std::string>& field_names::all() const {
  if (read_) return names_;
  read_ = true;
  std::set<std::string> seen;
  for (const mail::header_field& field : header_->fields()) {
    std::string name = ascii_lower(field.name);
    if (seen.insert(name).second) names_.push_back(std::move(name));
  }
  return names_;
}

void field_names::copy_to(std::span<value> out) const {
  std::size_t i = 0;
  for (const std::string& name : all()) out[i++] = value::string(name);
}

std::optional<value> first_field_map::find(const value& key, evaluation_memory& memory) const {
  if (!can_name_a_field(key)) return std::nullopt;
  const mail::header_section& header = names_->header();
  (void)memory.charge(header.fields().size() / 16);
  const auto raw = header.first(key.as_text());
  if (!raw) return std::nullopt;
  return unfolded(*raw, memory);
}

std::optional<value> all_fields_map::find(const value& key, evaluation_memory& memory) const {
  if (!can_name_a_field(key)) return std::nullopt;
  const mail::header_section& header = names_->header();
  (void)memory.charge(header.fields().size() / 16);
  const std::size_t count = header.count(key.as_text());
  if (count == 0) return std::nullopt;
  const auto elements = memory.make_array<value>(count);
  std::size_t next = 0;
  for (const mail::header_field& field : header.fields()) {
    if (iequals(field.name, key.as_text())) elements[next++] = unfolded(field.value, memory);
  }
  return value::list(*memory.make<expression::value_list>(elements));
}

}  // namespace stellwerk::policy
