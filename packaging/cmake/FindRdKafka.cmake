# SPDX-License-Identifier: MIT
#[=======================================================================[.rst:
FindRdKafka
-----------

Finds librdkafka, the C client of Kafka. Uses its own CMake package if there is one (vcpkg); Debian's and Ubuntu's
packages ship a pkg-config file only.

Imported target: ``RdKafka::rdkafka``. Result variables: ``RdKafka_FOUND``, ``RdKafka_VERSION``.
#]=======================================================================]

if(TARGET RdKafka::rdkafka)
  set(RdKafka_FOUND TRUE)
  return()
endif()

find_package(RdKafka ${RdKafka_FIND_VERSION} CONFIG QUIET)

if(NOT TARGET RdKafka::rdkafka)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(PC_RdKafka QUIET rdkafka)
  endif()
  find_path(RdKafka_INCLUDE_DIR NAMES librdkafka/rdkafka.h HINTS ${PC_RdKafka_INCLUDE_DIRS})
  find_library(RdKafka_LIBRARY NAMES rdkafka HINTS ${PC_RdKafka_LIBRARY_DIRS})
  mark_as_advanced(RdKafka_INCLUDE_DIR RdKafka_LIBRARY)
  set(RdKafka_VERSION "${PC_RdKafka_VERSION}")

  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(RdKafka
    REQUIRED_VARS RdKafka_LIBRARY RdKafka_INCLUDE_DIR VERSION_VAR RdKafka_VERSION)

  if(RdKafka_FOUND)
    add_library(RdKafka::rdkafka UNKNOWN IMPORTED)
    set_target_properties(RdKafka::rdkafka PROPERTIES
      IMPORTED_LOCATION "${RdKafka_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${RdKafka_INCLUDE_DIR}")
  endif()
endif()
