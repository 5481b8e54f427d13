// SPDX-License-Identifier: MIT
// A DLL that logs with a runtime of its own.
#include <fapilog/fapilog.hpp>

extern "C" __declspec(dllexport) void log_in_module(char const* path) {
  static fapilog::runtime rt{
      {.when_full = fapilog::when_full::block, .sinks = {fapilog::sinks::rotating_file{{.path = path}}}}};
  for (int i = 0; i < 2'000; ++i) rt.get_logger("module").info("record", fapilog::kv("i", i));
}
