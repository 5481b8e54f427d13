// SPDX-License-Identifier: MIT
// The operators new and delete: Microsoft's compiler, not its C++ library, declares them.
#pragma once
#include <vcruntime.h>
namespace std {
enum class align_val_t : size_t {};
struct nothrow_t {
  explicit nothrow_t() = default;
};
extern nothrow_t const nothrow;
}  // namespace std
[[nodiscard]] void* operator new(size_t);
[[nodiscard]] void* operator new(size_t, std::nothrow_t const&) noexcept;
[[nodiscard]] void* operator new(size_t, std::align_val_t);
[[nodiscard]] void* operator new(size_t, std::align_val_t, std::nothrow_t const&) noexcept;
[[nodiscard]] void* operator new[](size_t);
[[nodiscard]] void* operator new[](size_t, std::nothrow_t const&) noexcept;
[[nodiscard]] void* operator new[](size_t, std::align_val_t);
[[nodiscard]] void* operator new[](size_t, std::align_val_t, std::nothrow_t const&) noexcept;
void operator delete(void*) noexcept;
void operator delete(void*, std::nothrow_t const&) noexcept;
void operator delete(void*, size_t) noexcept;
void operator delete(void*, std::align_val_t) noexcept;
void operator delete(void*, size_t, std::align_val_t) noexcept;
void operator delete[](void*) noexcept;
void operator delete[](void*, std::nothrow_t const&) noexcept;
void operator delete[](void*, size_t) noexcept;
void operator delete[](void*, std::align_val_t) noexcept;
void operator delete[](void*, size_t, std::align_val_t) noexcept;
[[nodiscard]] inline void* operator new(size_t, void* where) noexcept { return where; }
[[nodiscard]] inline void* operator new[](size_t, void* where) noexcept { return where; }
inline void operator delete(void*, void*) noexcept {}
inline void operator delete[](void*, void*) noexcept {}
