// SPDX-License-Identifier: MIT
// The library of fapilog::compiled: all bodies that its users' headers only declare.
#if defined(__ELF__)
#include <fapilog/kill_safe.hpp>
#endif
#include <fapilog/process_end.hpp>
#include <fapilog/process_end_impl.hpp>
#include <fapilog/runtime.hpp>
#include <fapilog/runtime_core_impl.hpp>
#include <fapilog/setup/presets_impl.hpp>
#include <fapilog/sinks/console/detail/stdout_writers_impl.hpp>
#include <fapilog/sinks/file/detail/rotating_file_writer_impl.hpp>
