// SPDX-License-Identifier: MIT
// The macros and types that the C++ library of Microsoft expects of its compiler's C headers, over those of MinGW-w64.
#pragma once
#ifndef _UCRT
#define _UCRT
#endif
#define _HAS_CXX17 1
#define _HAS_CXX20 1
#define _HAS_CXX23 (_MSVC_LANG > 202002L)
#define _HAS_CXX26 0
#define _CRT_PACKING 8
#define _VCRT_COMPILER_PREPROCESSOR 1
#define _HAS_EXCEPTIONS 1
#define _HAS_NODISCARD 1
#define _NODISCARD [[nodiscard]]
#define _CONSTEXPR20_CRT constexpr
#define __STDC_SECURE_LIB__ 200411L
#define _CRT_STRINGIZE_(x) #x
#define _CRT_STRINGIZE(x) _CRT_STRINGIZE_(x)
#define _CRT_CONCATENATE_(a, b) a##b
#define _CRT_CONCATENATE(a, b) _CRT_CONCATENATE_(a, b)
#define _CRT_UNPARENTHESIZE_(...) __VA_ARGS__
#define _CRT_UNPARENTHESIZE(...) _CRT_UNPARENTHESIZE_ __VA_ARGS__
#define _VCRT_NOALIAS __declspec(noalias)
#define _VCRT_RESTRICT __declspec(restrict)
#define _VCRTIMP
#define _ACRTIMP
#define __CRTDECL __cdecl
#define __CLRCALL_OR_CDECL __cdecl
#define __CLRCALL_PURE_OR_CDECL __cdecl
#define __CLR_OR_THIS_CALL
#define __CLRCALL_PURE
#define _CRT_BEGIN_C_HEADER __pragma(pack(push, _CRT_PACKING)) extern "C" {
#define _CRT_END_C_HEADER } __pragma(pack(pop))
#define _MSVC_CONSTEXPR [[msvc::constexpr]]
#define _CRT_GUARDOVERFLOW
#define _CRT_SATELLITE_2
#define _CRT_SATELLITE_1
#define _CRT_SATELLITE_CODECVT_IDS_NOIMPORT
#define _CRT_SATELLITE_CODECVT_IDS
#define _CRTNOALIAS
#define _CRTRESTRICT
#define _MRTIMP
#define _MRTIMP2

#include <corecrt.h>
#include <sal.h>
#include <vadefs.h>
#undef __attribute__  // _mingw.h empties it
#undef __MINGW_ATTRIB_DEPRECATED
#define __MINGW_ATTRIB_DEPRECATED
#undef __MINGW_ATTRIB_NORETURN
#define __MINGW_ATTRIB_NORETURN
#undef __MINGW_NOTHROW
#define __MINGW_NOTHROW
#undef __MINGW_ATTRIB_PURE
#define __MINGW_ATTRIB_PURE
#undef __MINGW_ATTRIB_MALLOC
#define __MINGW_ATTRIB_MALLOC
#define _Deref_post_opt_valid_
