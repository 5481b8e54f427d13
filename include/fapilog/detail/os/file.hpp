// SPDX-License-Identifier: MIT
// Files and descriptors, with the same functions on each system: the only headers that call the file system.
#pragma once

#include <fapilog/detail/os/file_types.hpp>
#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_directory.hpp>
#else
#include <fapilog/detail/os/posix_file.hpp>
#endif
