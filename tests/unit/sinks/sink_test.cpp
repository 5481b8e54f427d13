// SPDX-License-Identifier: MIT
// Properties that a sink declares, and the forms of the declaration.
#include "support/catch.hpp"

#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

using fapilog::any_sink;

namespace {

struct says_nothing {
  void write(fapilog::batch const&) {}
};
struct says_by_constant {
  static constexpr bool needs_json = false;
  static constexpr bool may_block = true;
  static constexpr std::size_t batch_size = 500;
  void write(fapilog::batch const&) {}
};
struct says_by_member {
  bool needs_json = false;
  bool may_block = true;
  int batch_size = 500;
  void write(fapilog::batch const&) {}
};
struct says_by_function {
  static bool needs_json() { return false; }
  static constexpr bool may_block = true;
  [[nodiscard]] std::size_t batch_size() const { return most; }
  void write(fapilog::batch const&) {}
  std::size_t most = 500;
};
/// Members with these names but other meanings.
struct of_another_mind {
  std::string needs_json = "no";
  std::string may_block = "never";
  void batch_size(int) {}
  void write(fapilog::batch const&) {}
};
/// Private members, which must be ignored.
class discreet {
 public:
  explicit discreet(std::size_t size) : batch_size(size) {}
  void write(fapilog::batch const&) { ++batch_size; }

 private:
  std::size_t batch_size;
};

template <class T>
void check_said(T const& one, bool needs_json, std::optional<bool> may_block, std::size_t batch_size) {
  for (any_sink const& sink : {any_sink{one}, any_sink{std::make_shared<T>(one)}}) {
    CHECK(sink.needs_json() == needs_json);
    CHECK(sink.may_block() == may_block);
    CHECK(sink.batch_size() == batch_size);
  }
}

}  // namespace

TEST_CASE("a sink declares its properties by a constant, a member or a function") {
  check_said(says_nothing{}, true, std::nullopt, 0);
  check_said(says_by_constant{}, false, true, 500);
  check_said(says_by_member{}, false, true, 500);
  check_said(says_by_function{}, false, true, 500);
  check_said(says_by_function{.most = 7}, false, true, 7);
}

TEST_CASE("members of a sink with such a name but another type, or private ones, are ignored") {
  check_said(of_another_mind{}, true, std::nullopt, 0);
  check_said(discreet{3}, true, std::nullopt, 0);
}
