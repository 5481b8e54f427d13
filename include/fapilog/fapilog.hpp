// SPDX-License-Identifier: MIT
// The one include of main.cpp: core, stages, presets, file and stdout sinks; no optional dependency.
#pragma once

#include <fapilog/logger.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/runtime.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/presets.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/stdout_auto.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>
#include <fapilog/stages/enrichers/runtime_info.hpp>
#include <fapilog/stages/enrichers/source_location.hpp>
#include <fapilog/version.hpp>
