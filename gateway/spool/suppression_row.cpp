#include "gateway/spool/suppression_row.hpp"

namespace stellwerk::spool {
namespace {

template <class Range>
auto find_word(const Range& all, std::string_view word) -> std::optional<typename Range::value_type> {
  for (const auto one : all) {
    if (word == to_string(one)) return one;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(suppression_scope scope) {
  switch (scope) {
    case suppression_scope::all: return "all";
    case suppression_scope::transactional: return "transactional";
    case suppression_scope::marketing: return "marketing";
  }
  return "all";
}

std::optional<suppression_scope> parse_suppression_scope(std::string_view word) {
  return find_word(all_suppression_scopes, word);
}

std::string_view to_string(suppression_reason reason) {
  switch (reason) {
    case suppression_reason::manual: return "manual";
    case suppression_reason::hard_bounce: return "hard_bounce";
    case suppression_reason::complaint: return "complaint";
    case suppression_reason::unsubscribe: return "unsubscribe";
  }
  return "manual";
}

std::optional<suppression_reason> parse_suppression_reason(std::string_view word) {
  return find_word(all_suppression_reasons, word);
}

std::string suppression_key(std::string_view tenant, std::string_view address, suppression_scope scope) {
  std::string key;
  key.reserve(tenant.size() + address.size() + 3);
  key += tenant;
  key += '\n';
  key += address;
  key += '\n';
  key += static_cast<char>('0' + static_cast<int>(scope));
  return key;
}

std::optional<suppression_row> parse_suppression_key(std::string_view key) {
  const auto tenant_end = key.find('\n');
  const auto address_end = key.rfind('\n');
  const bool is_whole = tenant_end != std::string_view::npos && address_end > tenant_end + 1 &&
                        address_end + 2 == key.size() && key.find('\n', tenant_end + 1) == address_end;
  const int scope = key.empty() ? -1 : key.back() - '0';
  if (!is_whole || scope < 0 || scope >= static_cast<int>(all_suppression_scopes.size())) return std::nullopt;
  suppression_row row;
  row.tenant = key.substr(0, tenant_end);
  row.address = key.substr(tenant_end + 1, address_end - tenant_end - 1);
  row.scope = static_cast<suppression_scope>(scope);
  return row;
}

}  // namespace stellwerk::spool
