// The header section as the maps `header` and `headers` of conditions: lower-case name to the first field, and to every
// field in order; values unfolded, not decoded. Read in place: nothing is built before a condition asks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header_section.hpp"
#include "policy/expression/value.hpp"

namespace stellwerk::policy {

// The distinct names in lower case, in order of appearance. Filled at the first question; not for sharing between
// threads.
class field_names {
 public:
  explicit field_names(const mail::header_section& header) : header_{&header} {}
  [[nodiscard]] const mail::header_section& header() const { return *header_; }
  [[nodiscard]] std::size_t size() const { return all().size(); }
  void copy_to(std::span<expression::value> out) const;

 private:
  [[nodiscard]] const std::vector<std::string>& all() const;

  const mail::header_section* header_;
  mutable std::vector<std::string> names_;
  mutable bool read_ = false;
};

// header: an absent name reads "".
class first_field_map final : public expression::map_view {
 public:
  explicit first_field_map(const field_names& names) : names_{&names} {}
  [[nodiscard]] std::size_t size() const override { return names_->size(); }
  [[nodiscard]] std::optional<expression::value> find(const expression::value& key,
                                                      expression::evaluation_memory& memory) const override;
  void keys(std::span<expression::value> out) const override { names_->copy_to(out); }
  [[nodiscard]] bool absent_reads_empty() const override { return true; }

 private:
  const field_names* names_;
};

// headers: an absent name is an error, as in any map.
class all_fields_map final : public expression::map_view {
 public:
  explicit all_fields_map(const field_names& names) : names_{&names} {}
  [[nodiscard]] std::size_t size() const override { return names_->size(); }
  [[nodiscard]] std::optional<expression::value> find(const expression::value& key,
                                                      expression::evaluation_memory& memory) const override;
  void keys(std::span<expression::value> out) const override { names_->copy_to(out); }

 private:
  const field_names* names_;
};

}  // namespace stellwerk::policy
