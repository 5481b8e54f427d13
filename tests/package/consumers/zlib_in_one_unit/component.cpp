// SPDX-License-Identifier: MIT
// The unit with the zlib component. Both units instantiate the same rotating_file.
#include <fapilog/sinks/rotating_file.hpp>

fapilog::sinks::rotating_file make_file_in_component(char const* path) {
  return fapilog::sinks::rotating_file{{.path = path}};
}
