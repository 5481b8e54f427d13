// SPDX-License-Identifier: MIT
// Makes the functions that files without exceptions only declare part of each program with a runtime.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/guarded_call.hpp>
#include <fapilog/detail/text/bounded_format.hpp>
#include <fapilog/record/value_writer.hpp>

#include <exception>

#if !FAPILOG_DETAIL_EXCEPTIONS
#error \
    "fapilog: a file that is compiled without exceptions can include fapilog/logger.hpp, but not the runtime"
#endif

namespace fapilog::inline v0_1::detail {

struct guarded_functions {
  decltype(&call_guarded) call;
  decltype(&throw_bad_alloc) no_memory;
  decltype(&format_bounded) format;
  void (value_writer::*encode_exception)(key_view, std::exception const&, unsigned);
  void (value_writer::*encode_pointer)(key_view, std::exception_ptr const&);
};

/// Never read. The compiler would not emit functions that are inlined everywhere.
[[gnu::used]] inline constinit guarded_functions const functions_for_files_without_exceptions{
    &call_guarded, &throw_bad_alloc, &format_bounded, &value_writer::encode_exception,
    &value_writer::encode_exception};

}  // namespace fapilog::inline v0_1::detail
