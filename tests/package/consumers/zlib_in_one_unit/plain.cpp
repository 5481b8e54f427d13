// SPDX-License-Identifier: MIT
// The unit without the zlib component. Its file sink compresses if another unit of the program links zlib.
#include <fapilog/fapilog.hpp>

#include <cstdio>
#include <exception>
#include <utility>

#if defined(FAPILOG_WITH_ZLIB)
#error "this unit must be compiled without the zlib component"
#endif

int main(int, char** arguments) {
  try {
    fapilog::sinks::rotating_file file{{.path = arguments[1], .max_bytes = 1'000, .compress_rotated = true}};
    file.start(fapilog::start_context{});
    fapilog::runtime rt{{.batch_max_size = 1, .sinks = {std::move(file)}}};
    auto log = rt.get_logger();
    for (int i = 0; i < 20; ++i) log.info("record {}", i);
    return rt.drain() ? 0 : 2;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
