// SPDX-License-Identifier: MIT
// The headers that nearly every test needs, precompiled for all of them.
#pragma once

#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>
