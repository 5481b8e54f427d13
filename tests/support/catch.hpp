// SPDX-License-Identifier: MIT
// Catch2 version 2 or 3, with the names of version 3.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)

#include <catch2/catch_all.hpp>

#else

#include <catch2/catch.hpp>

#include <string>

namespace Catch {

using Detail::Approx;

namespace Matchers {

inline StdString::ContainsMatcher ContainsSubstring(std::string const& text,
                                                    CaseSensitive::Choice sensitivity = CaseSensitive::Yes) {
  return Contains(text, sensitivity);
}

}  // namespace Matchers
}  // namespace Catch

// SKIP of version 3.3; with older versions the test passes with a warning.
#define SKIP(...)                   \
  do {                              \
    WARN("skipped: " #__VA_ARGS__); \
    return;                         \
  } while (false)

#endif
