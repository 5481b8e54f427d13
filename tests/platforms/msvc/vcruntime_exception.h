// SPDX-License-Identifier: MIT
// std::exception and what handles it: Microsoft's compiler, not its C++ library, defines them.
#pragma once
#include <eh.h>
namespace std {
class exception {
 public:
  exception() noexcept;
  explicit exception(char const*) noexcept;
  exception(char const*, int) noexcept;
  exception(exception const&) noexcept;
  exception& operator=(exception const&) noexcept;
  virtual ~exception() noexcept;
  [[nodiscard]] virtual char const* what() const;

 private:
  char const* text_;
  bool owns_;
};
class bad_exception : public exception {
 public:
  bad_exception() noexcept;
};
class bad_alloc : public exception {
 public:
  bad_alloc() noexcept;

 private:
  friend class bad_array_new_length;
  explicit bad_alloc(char const*) noexcept;
};
class bad_array_new_length : public bad_alloc {
 public:
  bad_array_new_length() noexcept;
};
}  // namespace std
