// SPDX-License-Identifier: MIT
// The headers without an outside library but fmt and nlohmann_json, for a compiler that has Microsoft's macros. With
// FAPILOG_TEST_MSVC_ITSELF, clang does not look like clang to them, so that they choose what is for Microsoft's compiler.
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <bit>
#include <charconv>
#include <chrono>
#include <compare>
#include <concepts>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>
#if defined(FAPILOG_TEST_MSVC_ITSELF)
#include <intrin.h>
#undef __clang__
#endif

#include FAPILOG_TEST_HEADERS

#include "programs/strict_warnings.cpp"

#if FAPILOG_DETAIL_GNU_BUILTINS == defined(FAPILOG_TEST_MSVC_ITSELF)
#error "the headers have not chosen what is for this compiler"
#endif
static_assert(std::is_default_constructible_v<fapilog::runtime>);

int main() {
  fapilog::runtime rt{{.sinks = {fapilog::sinks::rotating_file{{.path = "app.jsonl"}}}}};
  log_a_little(rt.get_logger("msvc"), "name");
  return rt.drain(std::chrono::seconds{5}).complete ? 0 : 1;
}
