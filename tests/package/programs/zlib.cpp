// SPDX-License-Identifier: MIT
// Uses the component zlib: the target links zlib and registers it as the compressor of rotated files.
#include <fapilog/sinks/rotating_file.hpp>

#include <zlib.h>

int main() {
  if (!fapilog::detail::can_compress()) return 1;
  return zlibVersion()[0] == ZLIB_VERSION[0] ? 0 : 1;
}
