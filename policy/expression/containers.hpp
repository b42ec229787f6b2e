// Ready-made list and map views: over evaluation memory, and over the plain containers that facts are made of.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "policy/expression/value.hpp"

namespace stellwerk::policy::expression {

// Elements owned elsewhere: in evaluation memory, in a program's literals, in a document.
class value_list final : public list_view {
 public:
  explicit value_list(std::span<const value> elements) : elements_{elements} {}
  [[nodiscard]] std::size_t size() const override { return elements_.size(); }
  [[nodiscard]] value at(std::size_t index) const override { return elements_[index]; }

 private:
  std::span<const value> elements_;
};

struct map_entry {
  value key;
  value mapped;
};

// Searched in order: literal maps are small.
class value_map final : public map_view {
 public:
  enum class absent_key { is_error, reads_empty };
  explicit value_map(std::span<const map_entry> entries, absent_key absent = absent_key::is_error)
      : entries_{entries}, absent_{absent} {}
  [[nodiscard]] std::size_t size() const override { return entries_.size(); }
  [[nodiscard]] std::optional<value> find(const value& key, evaluation_memory& memory) const override;
  void keys(std::span<value> out) const override;
  [[nodiscard]] bool absent_reads_empty() const override { return absent_ == absent_key::reads_empty; }

 private:
  std::span<const map_entry> entries_;
  absent_key absent_;
};

// The container outlives the view and does not change under it.
class string_list final : public list_view {
 public:
  explicit string_list(std::span<const std::string> elements) : elements_{elements} {}
  [[nodiscard]] std::size_t size() const override { return elements_.size(); }
  [[nodiscard]] value at(std::size_t index) const override { return value::string(elements_[index]); }

 private:
  std::span<const std::string> elements_;
};

// Any associative container from string to string with transparent comparison.
template <class Map = std::map<std::string, std::string, std::less<>>>
class string_map final : public map_view {
 public:
  enum class absent_key { is_error, reads_empty };
  explicit string_map(const Map& entries, absent_key absent = absent_key::reads_empty)
      : entries_{&entries}, absent_{absent} {}
  [[nodiscard]] std::size_t size() const override { return entries_->size(); }
  [[nodiscard]] std::optional<value> find(const value& key, evaluation_memory& /*memory*/) const override {
    if (!key.is(value_kind::string)) return std::nullopt;
    const auto found = entries_->find(key.as_text());
    if (found == entries_->end()) return std::nullopt;
    return value::string(found->second);
  }
  void keys(std::span<value> out) const override {
    std::size_t i = 0;
    for (const auto& entry : *entries_) out[i++] = value::string(entry.first);
  }
  [[nodiscard]] bool absent_reads_empty() const override { return absent_ == absent_key::reads_empty; }

 private:
  const Map* entries_;
  absent_key absent_;
};

}  // namespace stellwerk::policy::expression
