# SPDX-License-Identifier: MIT
# The files that a user's CMake reads need nothing that is newer than the minimum version. A newer CMake runs this test, so that it
# looks for the names of what came later.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

# 3.22 to 3.31, as far as a project of this kind would use it.
set(newer "block\\(" "endblock\\(" PROPAGATE FILE_SET HEADER_SETS CXX_MODULES CXX_SCAN_FOR_MODULES FIND_PACKAGE_ARGS OVERRIDE_FIND_PACKAGE
  COMPILE_WARNING_AS_ERROR COLOR_DIAGNOSTICS LINK_LIBRARIES_ONLY_TARGETS LINKER_TYPE TEST_LAUNCHER BUILD_LOCAL_INTERFACE BUILD_ONLY
  "\\$<LINK_LIBRARY" "\\$<LINK_GROUP" "\\$<PATH" "\\$<LIST:" "\\$<QUOTE>" EXPORT_PACKAGE_DEPENDENCIES REGISTRY_VIEW SOURCE_FROM_ PATH_EQUAL
  "cmake_language\\((EXIT|GET_MESSAGE)")
list(JOIN newer "|" newer)

file(READ "${FAPILOG_SOURCE}/CMakeLists.txt" text)
if(NOT text MATCHES "cmake_minimum_required\\(VERSION 3\\.21(\\.\\.\\.[0-9.]+)?\\)")
  message(FATAL_ERROR "CMakeLists.txt does not require CMake 3.21")
endif()
file(GLOB_RECURSE files "${FAPILOG_SOURCE}/packaging/*.cmake" "${FAPILOG_SOURCE}/packaging/*.cmake.in"
  "${FAPILOG_SOURCE}/tests/package/consumers/CMakeLists.txt")
foreach(file IN ITEMS "${FAPILOG_SOURCE}/CMakeLists.txt" LISTS files)
  file(READ "${file}" text)
  string(REGEX REPLACE "#[^\n]*" "" text "${text}")
  if(text MATCHES "${newer}")
    message(FATAL_ERROR "${file}: ${CMAKE_MATCH_0} needs a CMake that is newer than 3.21")
  endif()
endforeach()
