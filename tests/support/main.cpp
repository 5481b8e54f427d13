// SPDX-License-Identifier: MIT
// main() for a Catch2 which does not bring its own.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
