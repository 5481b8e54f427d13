// SPDX-License-Identifier: MIT
// Settings of a runtime from JSON files, JSON strings and the environment: read in layers, checked as a whole.
#pragma once

#include <fapilog/settings_core.hpp>

#ifndef FAPILOG_COMPILED
#include <fapilog/settings_impl.hpp>
#endif
