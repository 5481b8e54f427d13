// SPDX-License-Identifier: MIT
// Reports the first scope of the process that ended on another thread or in the wrong order.
#pragma once

#include <fapilog/detail/guarded_call.hpp>
#include <fapilog/detail/os/loaded_module.hpp>
#include <fapilog/detail/text/hex_text.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/record/scope_misuse.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

namespace fapilog::inline v0_1::detail {

/// An address in the code: module and offset, and the function if it is exported.
[[nodiscard, gnu::cold]] inline std::string code_place(std::uintptr_t return_address) {
  std::uintptr_t const address = return_address - 1;  // of the call
  loaded_module const module = module_of(address);
  if (module.path.empty()) return hex_text(address);
  std::string text = module.path + '+' + hex_text(module.offset);
  if (std::string const name = symbol_of(address); !name.empty()) text += " (" + name + ")";
  return text;
}

[[nodiscard, gnu::cold]] inline std::string places_of(scope_misuse const& found) {
  return "begun at " + code_place(found.began_at) + ", ended at " + code_place(found.ended_at);
}

/// Lets an assertion print the places of a misuse. Throws: never.
[[gnu::cold]] inline void print_asserted_scopes() noexcept {
  all_scope_misuses.print.store_release([](scope_misuse const& found) {
    (void)guarded(
        [&] { (void)std::fprintf(stderr, "fapilog: %s (%s)\n", text_of(found), places_of(found).c_str()); });
  });
}

/// Thread: the worker's. Throws: std::bad_alloc.
inline void report_scope_misuse(diagnostics& to) {
  scope_misuse found;
  if (!take_scope_misuse(found)) [[likely]]
    return;
  to.warn("context", text_of(found), places_of(found));
}

}  // namespace fapilog::inline v0_1::detail
