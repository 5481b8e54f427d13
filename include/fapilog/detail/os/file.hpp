// SPDX-License-Identifier: MIT
// Files and descriptors, with the same functions on each system: the only headers that call the file system.
#pragma once

#include <fapilog/detail/os/file_types.hpp>
#include <fapilog/detail/os/platform.hpp>

#include <fapilog/detail/os/posix_file.hpp>
