// SPDX-License-Identifier: MIT
// main() for versions of Catch2 that have none.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
