// SPDX-License-Identifier: MIT
// Lets the nth call of a function of the C library fail, in the whole process: for tests of what a program does then.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>

namespace faults {

/// Pretended errors besides errno values.
inline constexpr int half = -1;  ///< the call transfers half of the bytes (at least one)

/// A function that can fail, and the errors with which it may.
struct failing_function {
  std::string_view name;
  std::span<int const> errors;
};

/// All of them. `allocate` stands for malloc, calloc, realloc and aligned_alloc, and so for `operator new`.
[[nodiscard]] std::span<failing_function const> functions() noexcept;
[[nodiscard]] std::string_view error_name(int error) noexcept;

/// Calls `first` to `first + count - 1` of the function fail.
struct plan {
  std::size_t function = 0;  ///< index in `functions()`
  int error = 0;
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Counts of calls, and what fails. Lives in shared memory, so that a parent process sees what its child has done.
struct state {
  static constexpr std::size_t max_functions = 64;
  std::atomic<bool> is_active{false};  ///< otherwise no call is counted and none fails
  plan now;
  std::array<std::atomic<std::size_t>, max_functions> calls{};
};

/// From now on the functions of the C library use this state. Must be called before other threads exist.
void use(state& shared) noexcept;

/// While it exists, no call of this thread is counted or fails.
class spared {
 public:
  spared() noexcept;
  spared(spared const&) = delete;
  spared& operator=(spared const&) = delete;
  ~spared();
};

}  // namespace faults
