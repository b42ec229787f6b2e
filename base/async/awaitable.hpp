// The one coroutine type of the house: its executor is an io_context's own, so nothing is type-erased and a coroutine
// never changes threads.
//
// g++ 12 miscompiles some shapes inside a co_await expression: pass named objects or temporaries of classes with a
// user-written constructor only (enforced by tests/tidy/co_await_check.py).
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace stellwerk::async {

using io_context = boost::asio::io_context;
using executor = io_context::executor_type;

template <class T>
using awaitable = boost::asio::awaitable<T, executor>;

// Completion token for our own I/O: errors come back as values.
inline constexpr boost::asio::as_tuple_t<boost::asio::use_awaitable_t<executor>> as_value{};

}  // namespace stellwerk::async
