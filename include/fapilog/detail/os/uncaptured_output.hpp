// SPDX-License-Identifier: MIT
// Where the library itself writes to standard output and error while what other code writes there is captured.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// The original file of descriptor 1 or 2 while that is captured.
struct kept_original {
  atomic_word<int> descriptor{-1};
  atomic_word<std::uint32_t> users{0};  ///< who may be writing to it
};
inline constinit kept_original kept_originals[2]{};

/// While it exists, `descriptor()` is open: the original file if the given descriptor is captured, else the given one.
/// Thread: any. Throws: never.
class uncaptured_output {
 public:
  explicit uncaptured_output(int descriptor) noexcept : descriptor_(descriptor) {
    if (descriptor != 1 && descriptor != 2) return;
    kept_original& kept = kept_originals[descriptor - 1];
    kept.users.fetch_add(1);
    if (int const original = kept.descriptor.load_seq_cst(); original >= 0) {
      descriptor_ = original;
      kept_ = &kept;
    } else {
      kept.users.fetch_sub(1);
    }
  }
  uncaptured_output(uncaptured_output const&) = delete;
  uncaptured_output& operator=(uncaptured_output const&) = delete;
  ~uncaptured_output() {
    if (kept_ != nullptr) kept_->users.fetch_sub(1);
  }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
  kept_original* kept_ = nullptr;
};

}  // namespace fapilog::inline v0_1::detail
