# SPDX-License-Identifier: MIT
# Files that repeat the version agree with the header.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

foreach(file IN ITEMS vcpkg.json packaging/vcpkg/ports/fapilog/vcpkg.json)
  file(READ "${FAPILOG_SOURCE}/${file}" text)
  string(JSON version GET "${text}" version)
  if(NOT version STREQUAL FAPILOG_VERSION)
    message(FATAL_ERROR "${file} says ${version}, the header ${FAPILOG_VERSION}")
  endif()
endforeach()
if(EXISTS "${FAPILOG_SOURCE}/CHANGELOG.md")
  file(READ "${FAPILOG_SOURCE}/CHANGELOG.md" text)
  string(FIND "${text}" "${FAPILOG_VERSION}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "CHANGELOG.md does not mention ${FAPILOG_VERSION}")
  endif()
endif()
