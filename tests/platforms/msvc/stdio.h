// SPDX-License-Identifier: MIT
// Microsoft's <stdio.h> has the conversion state of multibyte strings, too.
#pragma once
#include_next <stdio.h>
#include <wchar.h>
extern "C" int __cdecl _get_stream_buffer_pointers(FILE*, char***, char***, int**);
