# SPDX-License-Identifier: MIT
#[=======================================================================[.rst:
Findlibpqxx
-----------

Finds libpqxx, the C++ client of PostgreSQL. Uses its own CMake package if there is one (libpqxx 7 and newer,
vcpkg); Debian's and Ubuntu's packages ship a pkg-config file only.

Imported target: ``libpqxx::pqxx``. Result variables: ``libpqxx_FOUND``, ``libpqxx_VERSION``.
#]=======================================================================]

# Found before: a package without its own CMake package would count as missing here.
if(TARGET libpqxx::pqxx)
  set(libpqxx_FOUND TRUE)
  return()
endif()

find_package(libpqxx ${libpqxx_FIND_VERSION} CONFIG QUIET)

if(libpqxx_FOUND AND NOT TARGET libpqxx::pqxx)
  # Some versions export targets by kind of library only.
  foreach(candidate IN ITEMS libpqxx::pqxx_shared libpqxx::pqxx_static)
    if(TARGET ${candidate} AND NOT TARGET libpqxx::pqxx)
      add_library(libpqxx::pqxx INTERFACE IMPORTED)
      set_target_properties(libpqxx::pqxx PROPERTIES INTERFACE_LINK_LIBRARIES ${candidate})
    endif()
  endforeach()
endif()

if(NOT TARGET libpqxx::pqxx)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(PC_libpqxx QUIET libpqxx)
  endif()
  find_path(libpqxx_INCLUDE_DIR NAMES pqxx/pqxx HINTS ${PC_libpqxx_INCLUDE_DIRS})
  find_library(libpqxx_LIBRARY NAMES pqxx HINTS ${PC_libpqxx_LIBRARY_DIRS})
  mark_as_advanced(libpqxx_INCLUDE_DIR libpqxx_LIBRARY)

  # libpqxx calls libpq, which must follow a static libpqxx on the link line.
  find_library(libpqxx_PQ_LIBRARY NAMES pq)
  mark_as_advanced(libpqxx_PQ_LIBRARY)

  set(libpqxx_VERSION "${PC_libpqxx_VERSION}")
  if(NOT libpqxx_VERSION AND libpqxx_INCLUDE_DIR)
    foreach(name IN ITEMS version.hxx version.hxx.in)
      if(EXISTS "${libpqxx_INCLUDE_DIR}/pqxx/${name}")
        file(STRINGS "${libpqxx_INCLUDE_DIR}/pqxx/${name}" line REGEX "^#define PQXX_VERSION \"" LIMIT_COUNT 1)
        string(REGEX REPLACE ".*\"(.*)\".*" "\\1" libpqxx_VERSION "${line}")
      endif()
    endforeach()
  endif()

  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(libpqxx
    REQUIRED_VARS libpqxx_LIBRARY libpqxx_INCLUDE_DIR VERSION_VAR libpqxx_VERSION)

  if(libpqxx_FOUND)
    add_library(libpqxx::pqxx UNKNOWN IMPORTED)
    set_target_properties(libpqxx::pqxx PROPERTIES
      IMPORTED_LOCATION "${libpqxx_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${libpqxx_INCLUDE_DIR}")
    if(libpqxx_PQ_LIBRARY AND libpqxx_LIBRARY MATCHES "${CMAKE_STATIC_LIBRARY_SUFFIX}$")
      set_target_properties(libpqxx::pqxx PROPERTIES INTERFACE_LINK_LIBRARIES "${libpqxx_PQ_LIBRARY}")
    endif()
  endif()
endif()
