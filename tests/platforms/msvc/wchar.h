// SPDX-License-Identifier: MIT
// Adds Microsoft's name of mbstate_t.
#pragma once
#include_next <wchar.h>
typedef mbstate_t _Mbstatet;
