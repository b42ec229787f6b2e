#include "base/error.hpp"

#include <stdexcept>

namespace stellwerk {
namespace {

const char* text_of(errc code) noexcept {
  switch (code) {
    case errc::ok: return "ok";
    case errc::timed_out: return "timed out";
    case errc::closed: return "connection closed";
    case errc::cancelled: return "cancelled";
    case errc::line_too_long: return "line too long";
    case errc::message_too_large: return "message too large";
    case errc::malformed: return "malformed";
    case errc::not_found: return "not found";
    case errc::already_exists: return "already exists";
    case errc::fingerprint_differs: return "same key, other content";
    case errc::refused: return "refused";
    case errc::limit_reached: return "limit reached";
    case errc::store_full: return "store full";
    case errc::store_failed: return "store failed";
    case errc::corrupt: return "corrupt";
    case errc::locked: return "locked by another process";
    case errc::tls_failed: return "TLS failed";
    case errc::unresolved: return "name not resolved";
    case errc::unsupported: return "unsupported";
  }
  return "unknown";
}

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "stellwerk"; }
  std::string message(int value) const override { return text_of(static_cast<errc>(value)); }
};

}  // namespace

const boost::system::error_category& stellwerk_category() noexcept {
  static const category instance;
  return instance;
}

std::string error::message() const {
  return *step == '\0' ? code.message() : std::string{step} + ": " + code.message();
}

void throw_exception_from_error(const error& failure, const boost::source_location& /*where*/) {
  throw std::runtime_error{failure.message()};
}

}  // namespace stellwerk
