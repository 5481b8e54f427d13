// SPDX-License-Identifier: MIT
// The handlers of terminate.
#pragma once
#include <corecrt.h>
typedef void(__cdecl* terminate_handler)();
[[noreturn]] void __cdecl terminate() noexcept;
terminate_handler __cdecl set_terminate(terminate_handler) noexcept;
terminate_handler __cdecl _get_terminate() noexcept;
