// SPDX-License-Identifier: MIT
// The library. It includes only logger.hpp: no runtime, no sink, no preset.
#include "basket.hpp"

namespace basket {

void basket::add(std::string_view article, int count) {
  auto const fields = fapilog::scope(fapilog::kv("article", article));
  if (count <= 0) {
    log_.warn("ignored a count of {}", count);
    return;
  }
  size_ += count;
  log_.info("added", fapilog::kv("count", count), fapilog::kv("size", size_));
}

}  // namespace basket
