// SPDX-License-Identifier: MIT
// Logs the record of a crash: the signal, its reason, the exception, and the stack with modules and build ids.
#pragma once

#include <fapilog/detail/os/crash_signals.hpp>
#include <fapilog/detail/os/loaded_module.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/hex_text.hpp>
#include <fapilog/logger.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The reason of a fault as sigaction(2) names it; the number of another code.
[[nodiscard, gnu::cold]] inline std::string reason_of(crash_site const& site) {
  if (char const* const known = crash_signals::reason_of(site)) return known;
  if (site.is_fault() && crash_signals::is_termination(site.signal))
    return "sent by the system";  // a terminal
  if (!site.is_fault()) return "sent by process " + std::to_string(site.sender);
  return "code " + std::to_string(site.code);
}

/// One line for each frame: its address, the module with the offset that addr2line(1) takes, the function if the module
/// exports it, and the build id at the first frame of a module.
[[nodiscard, gnu::cold]] inline std::vector<std::string> stack_text(crash_site const& site) {
  std::vector<std::string> lines;
  std::string named;  // modules whose build id was given
  for (std::size_t i = 0; i < site.frame_count; ++i) {
    std::uintptr_t const address = site.frames[i];
    // All frames but the first hold the address behind a call.
    loaded_module const module = module_of(i == 0 ? address : address - 1);
    std::string line = hex_text(address);
    if (!module.path.empty()) {
      line += ' ' + module.path + '+' + hex_text(module.offset);
      if (std::string const name = symbol_of(i == 0 ? address : address - 1); !name.empty())
        line += ' ' + name;
      if (!module.build_id.empty() && named.find('\n' + module.path + '\n') == std::string::npos) {
        line += " build-id " + module.build_id;
        named += '\n' + module.path + '\n';
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

/// Logs what ended the process: a crash as CRITICAL, SIGTERM and SIGINT as WARNING. Throws: std::bad_alloc.
[[gnu::cold]] inline void log_crash(logger const& log, crash_site const& site,
                                    uncaught_exception const& thrown) {
  char const* const signal = crash_signals::name_of(site.signal);
  if (crash_signals::is_termination(site.signal)) {
    log.warning("received {}", signal, kv("signal", signal), kv("reason", reason_of(site)));
    return;
  }
  if (thrown.is_terminating && crash_signals::is_abort(site)) {
    std::string const type = thrown.type == nullptr ? "none" : demangled(thrown.type);
    log.critical("the process crashed with {} in std::terminate", signal, kv("signal", signal),
                 kv("exception_type", type), kv("exception_text", thrown.text),
                 kv("crashed_thread", site.thread), kv("stack", stack_text(site)));
    return;
  }
  log.critical("the process crashed with {}", signal, kv("signal", signal), kv("reason", reason_of(site)),
               kv("address", hex_text(site.address)), kv("crashed_thread", site.thread),
               kv("stack", stack_text(site)));
}

}  // namespace fapilog::inline v0_1::detail
