// SPDX-License-Identifier: MIT
// Compiles only if fapilog::runtime has the preset WANTED.
#include <fapilog/setup/preset.hpp>

static_assert(fapilog::detail::default_preset.name == WANTED);

int main() {}
