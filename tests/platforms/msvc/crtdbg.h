// SPDX-License-Identifier: MIT
// Adds the handlers of broken preconditions.
#pragma once
#include_next <crtdbg.h>
extern "C" [[noreturn]] void __cdecl _invoke_watson(wchar_t const*, wchar_t const*, wchar_t const*, unsigned int, uintptr_t);
extern "C" [[noreturn]] void __cdecl _invalid_parameter_noinfo_noreturn();
