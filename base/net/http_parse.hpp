// Beast's parsers fed from a stream; private to the http_*.cpp of base/net.
#pragma once

#include <algorithm>
#include <memory>

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/net/http.hpp"
#include "base/net/stream.hpp"

namespace stellwerk::net {

// Keeps the first `limit` octets of a body and notes that there was more.
struct capped_body {
  struct value_type {
    std::string text;
    std::size_t limit = 0;
    bool cut = false;
  };

  class reader {
   public:
    template <bool IsRequest, class Fields>
    reader(boost::beast::http::header<IsRequest, Fields>& /*head*/, value_type& value) : value_{value} {}

    void init(const boost::optional<std::uint64_t>& length, boost::beast::error_code& failure) {
      if (length) value_.text.reserve(std::min<std::uint64_t>(*length, value_.limit));
      failure = {};
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& failure) {
      std::size_t total = 0;
      for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        const std::size_t kept = std::min(buffer.size(), value_.limit - value_.text.size());
        value_.text.append(static_cast<const char*>(buffer.data()), kept);
        value_.cut |= kept < buffer.size();
        total += buffer.size();
      }
      failure = {};
      return total;
    }

    void finish(boost::beast::error_code& failure) { failure = {}; }

   private:
    value_type& value_;
  };
};

using request_parser = boost::beast::http::request_parser<capped_body>;
using response_parser = boost::beast::http::response_parser<capped_body>;

// The octets read and not yet taken by a parser. One per connection.
class parser_input {
 public:
  explicit parser_input(stream& source) : source_{source} {}

  [[nodiscard]] bool empty() const { return held_.empty(); }
  std::size_t drop() { return std::exchange(held_, std::string{}).size(); }

  // Gives the parser what is held. True: it needs more.
  template <class Parser>
  [[nodiscard]] bool feed(Parser& parser, boost::beast::error_code& failure) {
    while (!held_.empty()) {
      const std::size_t taken = parser.put(boost::asio::const_buffer{held_.data(), held_.size()}, failure);
      held_.erase(0, taken);
      if (failure == boost::beast::http::error::need_more) {
        failure = {};
        return true;
      }
      if (failure || parser.is_done() || taken == 0) return false;
    }
    return true;
  }

  // errc::closed at the end of the stream.
  [[nodiscard]] async::awaitable<result<void>> read_more() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size);
    const std::span<char> space{buffer_.get(), buffer_size};
    const result<std::size_t> size = co_await source_.read_some(space);
    if (!size) co_return size.error();
    held_.append(buffer_.get(), *size);
    co_return result<void>{};
  }

 private:
  static constexpr std::size_t buffer_size = 16 * 1024;

  stream& source_;
  std::unique_ptr<char[]> buffer_;
  std::string held_;
};

template <class Message>
[[nodiscard]] std::vector<http_field> copy_fields(const Message& message) {
  std::vector<http_field> fields;
  for (const auto& field : message) {
    http_field copy;
    copy.name = std::string{field.name_string()};
    copy.value = std::string{field.value()};
    fields.push_back(std::move(copy));
  }
  return fields;
}

}  // namespace stellwerk::net
