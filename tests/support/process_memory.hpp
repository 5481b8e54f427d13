// SPDX-License-Identifier: MIT
// How much memory this process uses, as the kernel counts it.
#pragma once

#include <cstddef>
#include <fstream>

#include <unistd.h>

namespace support {

struct process_memory {
  std::size_t virtual_bytes = 0;
  std::size_t resident_bytes = 0;
};

[[nodiscard]] inline process_memory memory_of_process() {
  std::ifstream file{"/proc/self/statm"};  // in pages: total, resident
  process_memory now;
  file >> now.virtual_bytes >> now.resident_bytes;
  auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return {now.virtual_bytes * page, now.resident_bytes * page};
}
[[nodiscard]] inline std::size_t resident_bytes() { return memory_of_process().resident_bytes; }

}  // namespace support
