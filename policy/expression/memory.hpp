// The memory of one evaluation: computed strings, lists and maps live here and die together.
//
// The first kilobytes are inside the object, so a typical condition never reaches the heap. Nothing placed here is
// destroyed one by one, so only trivially destructible things and views may be placed. It also keeps the cost account:
// everything that allocates or walks charges first, in units of about 16 bytes or one step, so one bound limits time
// and memory. Not for sharing between threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace stellwerk::policy::expression {

// A condition costs about one unit for each operator, name and literal.
inline constexpr std::uint64_t evaluation_cost_max = 100'000;

class evaluation_memory {
 public:
  explicit evaluation_memory(std::uint64_t cost_max = evaluation_cost_max) : cost_left_{cost_max} {}
  evaluation_memory(const evaluation_memory&) = delete;
  evaluation_memory& operator=(const evaluation_memory&) = delete;

  // False when the cost is used up, and from then on.
  [[nodiscard]] bool charge(std::uint64_t units) {
    if (units > cost_left_) {
      cost_left_ = 0;
      exhausted_ = true;
    }
    if (exhausted_) return false;
    cost_left_ -= units;
    return true;
  }
  [[nodiscard]] bool exhausted() const { return exhausted_; }

  template <class T, class... Arguments>
  [[nodiscard]] T* make(Arguments&&... arguments) {
    return new (resource_.allocate(sizeof(T), alignof(T))) T(std::forward<Arguments>(arguments)...);
  }

  template <class T>
  requires std::is_trivially_destructible_v<T>
  [[nodiscard]] std::span<T> make_array(std::size_t count) {
    if (count == 0) return {};
    auto* first = static_cast<T*>(resource_.allocate(sizeof(T) * count, alignof(T)));
    for (std::size_t i = 0; i < count; ++i) new (first + i) T();
    return {first, count};
  }

  [[nodiscard]] std::span<char> make_text(std::size_t size) {
    if (size == 0) return {};
    return {static_cast<char*>(resource_.allocate(size, 1)), size};
  }

  [[nodiscard]] std::string_view copy(std::string_view text) {
    const auto out = make_text(text.size());
    if (!text.empty()) std::memcpy(out.data(), text.data(), text.size());
    return {out.data(), out.size()};
  }

 private:
  std::uint64_t cost_left_;
  bool exhausted_ = false;
  alignas(std::max_align_t) std::array<std::byte, 2048> first_;
  std::pmr::monotonic_buffer_resource resource_{first_.data(), first_.size()};
};

}  // namespace stellwerk::policy::expression
