# SPDX-License-Identifier: MIT
#[=======================================================================[.rst:
FindCnats
---------

Finds libnats, the C client of NATS. The CMake package of Debian and Ubuntu names a static library that they do not ship, so
its target cannot be used.

Imported target: ``Cnats::nats``. Result variables: ``Cnats_FOUND``, ``Cnats_VERSION``.
#]=======================================================================]

if(TARGET Cnats::nats)
  set(Cnats_FOUND TRUE)
  return()
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_Cnats QUIET libnats)
endif()
find_path(Cnats_INCLUDE_DIR NAMES nats/nats.h HINTS ${PC_Cnats_INCLUDE_DIRS})
find_library(Cnats_LIBRARY NAMES nats HINTS ${PC_Cnats_LIBRARY_DIRS})
mark_as_advanced(Cnats_INCLUDE_DIR Cnats_LIBRARY)
set(Cnats_VERSION "${PC_Cnats_VERSION}")

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cnats REQUIRED_VARS Cnats_LIBRARY Cnats_INCLUDE_DIR VERSION_VAR Cnats_VERSION)

if(Cnats_FOUND)
  add_library(Cnats::nats UNKNOWN IMPORTED)
  set_target_properties(Cnats::nats PROPERTIES
    IMPORTED_LOCATION "${Cnats_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Cnats_INCLUDE_DIR}")
endif()
