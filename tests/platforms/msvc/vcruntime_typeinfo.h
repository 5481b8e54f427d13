// SPDX-License-Identifier: MIT
// std::type_info: Microsoft's compiler, not its C++ library, defines it.
#pragma once
#include <vcruntime_exception.h>
class type_info {
 public:
  type_info(type_info const&) = delete;
  type_info& operator=(type_info const&) = delete;
  virtual ~type_info() noexcept;
  [[nodiscard]] size_t hash_code() const noexcept;
  [[nodiscard]] bool operator==(type_info const&) const noexcept;
  [[nodiscard]] bool before(type_info const&) const noexcept;
  [[nodiscard]] char const* name() const noexcept;
  [[nodiscard]] char const* raw_name() const noexcept;
};
namespace std {
using ::type_info;
class bad_cast : public exception {
 public:
  bad_cast() noexcept;
  static bad_cast __construct_from_string_literal(char const*) noexcept;
};
class bad_typeid : public exception {
 public:
  bad_typeid() noexcept;
};
}  // namespace std
