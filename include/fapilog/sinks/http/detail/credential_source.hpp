// SPDX-License-Identifier: MIT
// The header with the credential of a sink over HTTP, from its settings, the environment or a file.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/whole_file.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/http/connection_config.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Thread: one at a time.
class credential_source {
 public:
  explicit credential_source(sinks::http_credential_config const& config) : config_(config) {}

  /// The header as `Name: value`, or nothing without a credential. Reads the file each time: it is small, may be replaced at
  /// any moment, and is read once for a whole batch. Throws: std::runtime_error if the variable or the file cannot be used.
  [[nodiscard]] std::string const& header() {
    if (!config_.value.empty()) {
      set(config_.value, "value");
    } else if (!config_.environment.empty()) {
      set(environment(config_.environment.c_str(), ""), "environment");
    } else if (!config_.file.empty()) {
      whole_file const found = read_whole_file(config_.file, max_bytes);
      if (!found.error.empty())
        throw std::runtime_error{concat({"the file of the credential, '", config_.file, "': ", found.error})};
      set(found.text, "file");
    }
    return header_;
  }
  /// The secret that `header` returned last; empty if there is none.
  [[nodiscard]] std::string const& secret() const noexcept { return secret_; }

 private:
  static constexpr std::size_t max_bytes = std::size_t{64} * 1024;

  void set(std::string_view text, std::string_view source) {
    while (!text.empty() && std::string_view{" \t\r\n"}.find(text.back()) != std::string_view::npos)
      text.remove_suffix(1);
    if (text.empty() || !is_header_value(text)) {
      throw std::runtime_error{concat({"the credential from `", source, "` is ",
                                       text.empty() ? "empty" : "not one line of printable characters"})};
    }
    if (text == secret_) return;
    secret_ = text;
    header_ = concat({config_.header, ": ", config_.scheme, config_.scheme.empty() ? "" : " ", secret_});
  }

  sinks::http_credential_config config_;
  std::string secret_;
  std::string header_;
};

}  // namespace fapilog::inline v0_1::detail
