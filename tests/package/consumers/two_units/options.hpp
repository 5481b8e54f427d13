// SPDX-License-Identifier: MIT
// The interface of the third unit.
#pragma once

#include <fapilog/setup/options.hpp>

fapilog::options options_of_other_unit();
