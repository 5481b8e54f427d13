# SPDX-License-Identifier: MIT
#[=======================================================================[.rst:
FindZstd
--------

Finds libzstd. Its own CMake package has targets whose names depend on how it was built; older packages of distributions
ship none.

Imported target: ``Zstd::zstd``. Result variables: ``Zstd_FOUND``, ``Zstd_VERSION``.
#]=======================================================================]

if(TARGET Zstd::zstd)
  set(Zstd_FOUND TRUE)
  return()
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_Zstd QUIET libzstd)
endif()
find_path(Zstd_INCLUDE_DIR NAMES zstd.h HINTS ${PC_Zstd_INCLUDE_DIRS})
find_library(Zstd_LIBRARY NAMES zstd HINTS ${PC_Zstd_LIBRARY_DIRS})
mark_as_advanced(Zstd_INCLUDE_DIR Zstd_LIBRARY)
set(Zstd_VERSION "${PC_Zstd_VERSION}")

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Zstd REQUIRED_VARS Zstd_LIBRARY Zstd_INCLUDE_DIR VERSION_VAR Zstd_VERSION)

if(Zstd_FOUND)
  add_library(Zstd::zstd UNKNOWN IMPORTED)
  set_target_properties(Zstd::zstd PROPERTIES
    IMPORTED_LOCATION "${Zstd_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Zstd_INCLUDE_DIR}")
endif()
