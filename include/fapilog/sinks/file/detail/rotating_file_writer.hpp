// SPDX-License-Identifier: MIT
// Makes the rotating file.
#pragma once

#include <fapilog/sinks/file/rotating_file_config.hpp>
#include <fapilog/sinks/sink.hpp>

namespace fapilog::inline v0_1::detail {

[[nodiscard]] any_sink make_rotating_file(sinks::rotating_file_config config);

}  // namespace fapilog::inline v0_1::detail
