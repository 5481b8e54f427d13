// SPDX-License-Identifier: MIT
// Uses the component zstd: the target links libzstd, which compresses a body.
#include <fapilog/sinks/http/zstd.hpp>

#include <string>

int main() {
  std::string body;
  fapilog::detail::zstd_text(std::string(10'000, 'x'), body);
  return body.size() < 100 && fapilog::detail::linked_zstd_compressor.load_acquire() != nullptr ? 0 : 1;
}
