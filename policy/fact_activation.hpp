// fact_activation: the facts (and, where they may be asked, the candidate or the live state) as the variables of one
// evaluation. Read in place; a variable that does not belong to the use at hand has its type's zero value.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/expression/activation.hpp"
#include "policy/expression/containers.hpp"
#include "policy/facts.hpp"
#include "policy/header_maps.hpp"
#include "policy/live_state.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

class fact_activation final : public expression::activation {
 public:
  // A message before it is classified.
  explicit fact_activation(const message_facts& message);
  // A recipient: invariants, refuse routes.
  explicit fact_activation(const facts& about);
  // A recipient and a candidate: `only`.
  fact_activation(const facts& about, const destination_traits& candidate);
  // A recipient at a moment: routes.
  fact_activation(const facts& about, std::span<const destination_traits> destinations, const live_state& live,
                  time_point now);

  [[nodiscard]] expression::value variable(std::uint16_t slot, expression::evaluation_memory& memory) const override;
  [[nodiscard]] expression::value call(std::uint16_t function, std::span<const expression::value> arguments,
                                       expression::evaluation_memory& memory) const override;

 private:
  // {address, local, domain}
  class recipient_map final : public expression::map_view {
   public:
    explicit recipient_map(const facts* about) : about_{about} {}
    [[nodiscard]] std::size_t size() const override { return 3; }
    [[nodiscard]] std::optional<expression::value> find(const expression::value& key,
                                                        expression::evaluation_memory& memory) const override;
    void keys(std::span<expression::value> out) const override;

   private:
    const facts* about_;
  };
  // Metadata and labels. A null map is empty.
  class text_map final : public expression::map_view {
   public:
    enum class absent_key : std::uint8_t { is_error, reads_empty };
    text_map(const std::map<std::string, std::string>* entries, absent_key absent)
        : entries_{entries}, absent_{absent} {}
    [[nodiscard]] std::size_t size() const override { return entries_ == nullptr ? 0 : entries_->size(); }
    [[nodiscard]] std::optional<expression::value> find(const expression::value& key,
                                                        expression::evaluation_memory& memory) const override;
    void keys(std::span<expression::value> out) const override;
    [[nodiscard]] bool absent_reads_empty() const override { return absent_ == absent_key::reads_empty; }

   private:
    const std::map<std::string, std::string>* entries_;
    absent_key absent_;
  };

  [[nodiscard]] expression::value of_message(std::uint16_t slot) const;
  [[nodiscard]] expression::value of_candidate(std::uint16_t slot) const;

  const message_facts& message_;
  const facts* about_ = nullptr;
  const destination_traits* candidate_ = nullptr;
  std::span<const destination_traits> destinations_;
  const live_state* live_ = nullptr;
  time_point now_{};

  field_names names_;
  first_field_map header_{names_};
  all_fields_map headers_{names_};
  expression::string_list tags_;
  text_map metadata_;
  text_map labels_;
  recipient_map recipient_;
};

}  // namespace stellwerk::policy
