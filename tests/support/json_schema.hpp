// SPDX-License-Identifier: MIT
// Validates documents against a JSON Schema with python3-jsonschema.
#pragma once

#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"

namespace support {

/// The first error of each document, or an empty string for a valid one. Returns nothing if python3-jsonschema is not installed.
/// Throws: std::runtime_error for an invalid schema.
[[nodiscard]] inline std::optional<std::vector<std::string>> schema_errors(
    nlohmann::json const& schema, std::vector<nlohmann::json> const& documents) {
  temporary_directory const directory;
  std::string const input = directory / "input.json";
  std::ofstream{input} << nlohmann::json{{"schema", schema}, {"documents", documents}};
  std::string const script = FAPILOG_TEST_SOURCE_DIR "/tests/support/validate_json.py";
  std::string const command = "python3 '" + script + "' <'" + input + "'";
  std::FILE* const output = ::popen(command.c_str(), "r");
  if (output == nullptr) throw std::runtime_error{"popen failed: " + command};
  std::string text;
  std::array<char, 4096> piece{};
  while (std::size_t const size = std::fread(piece.data(), 1, piece.size(), output)) {
    text.append(piece.data(), size);
  }
  int const status = ::pclose(output);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return std::nullopt;
  if (status != 0) throw std::runtime_error{"failed, see standard error: " + command};
  return nlohmann::json::parse(text).get<std::vector<std::string>>();
}

}  // namespace support
