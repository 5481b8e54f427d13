// SPDX-License-Identifier: MIT
// Adds the process that a record comes from: service, env, version, host, pid.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/enricher.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::enrichers {

/// What `runtime_info` adds to `diagnostics`. If a string is empty, an environment variable is used: FAPILOG_SERVICE
/// (else the file name of the program), FAPILOG_ENV or ENV (else "dev"), FAPILOG_VERSION (else "0.0.0").
struct runtime_info_config {
  std::string service = {};
  std::string env = {};
  std::string version = {};

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "service",
                  .text = "Name of the service; empty: FAPILOG_SERVICE, else the file name of the program."},
          self.service);
    visit(
        setting{.name = "env", .text = "Environment, such as `prod`; empty: FAPILOG_ENV or ENV, else `dev`."},
        self.env);
    visit(setting{.name = "version", .text = "Its version; empty: FAPILOG_VERSION, else `0.0.0`."},
          self.version);
  }
};

/// The environment is read once, in the constructor. Thread: the worker's.
class runtime_info {
 public:
  explicit runtime_info(runtime_info_config const& config = {})
      : service_(chosen(config.service, "FAPILOG_SERVICE", detail::program_name().c_str())),
        env_(chosen(config.env, "FAPILOG_ENV", detail::environment("ENV", "dev").c_str())),
        version_(chosen(config.version, "FAPILOG_VERSION", "0.0.0")),
        host_(detail::host_name()),
        pid_(detail::process_id()) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "runtime_info"; }

  void enrich(event& e) {
    if (std::uint32_t const now = detail::fork_generation.load_relaxed(); now != generation_) {
      generation_ = now;
      pid_ = detail::process_id();
      prepared_in_ = 0;
    }
    if (e.memory->round() != prepared_in_) prepare(e);
    e.diagnostics.set_prepared(prepared_);
    if (e.process_id != 0) [[unlikely]]
      e.diagnostics.set("pid", value::of_number(e.process_id));
  }

 private:
  /// Copies the strings into the batch's memory, because the batch may outlive the enricher.
  [[gnu::cold]] void prepare(event& e) {
    constexpr std::size_t count = 5;
    auto* const all = e.memory->take_array<member>(count);
    all[0] = {"service", value::of_string(e.copy(service_))};
    all[1] = {"env", value::of_string(e.copy(env_))};
    all[2] = {"version", value::of_string(e.copy(version_))};
    all[3] = {"host", value::of_string(e.copy(host_))};
    all[4] = {"pid", value::of_number(pid_)};
    detail::text_buffer text;
    for (std::size_t i = 0; i < count; ++i) detail::json::put_next_member(text, all[i]);
    prepared_ = {all, count, e.copy(text.view())};
    prepared_in_ = e.memory->round();
  }

  [[gnu::cold]] static std::string chosen(std::string const& given, char const* variable,
                                          char const* otherwise) {
    return given.empty() ? detail::environment(variable, otherwise) : given;
  }

  std::string service_;
  std::string env_;
  std::string version_;
  std::string host_;
  std::int64_t pid_;
  detail::prepared_members prepared_;
  std::uint64_t prepared_in_ = 0;  ///< round of the memory that `prepared_` lies in
  std::uint32_t generation_ = detail::fork_generation.load_relaxed();
};

}  // namespace fapilog::inline v0_1::enrichers
