# SPDX-License-Identifier: MIT
# Installs fapilog from a fresh build folder, as a packager does, and then moves the installation: no file may contain its
# first path. The other tests use it at its new path.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

file(REMOVE_RECURSE "${WORK}/installed")
configure("${FAPILOG_SOURCE}" "${WORK}/installed/build" "-DCMAKE_INSTALL_PREFIX=${WORK}/installed/first_place"
  -DFAPILOG_BUILD_TESTS=OFF -DFAPILOG_BUILD_EXAMPLES=OFF)
build("${WORK}/installed/build")
run("${CMAKE_COMMAND}" --install "${WORK}/installed/build")
file(RENAME "${WORK}/installed/first_place" "${PREFIX}")

file(GLOB_RECURSE files "${PREFIX}/share/*")
foreach(file IN LISTS files)
  file(READ "${file}" text)
  foreach(place IN ITEMS "${WORK}" "${FAPILOG_SOURCE}")
    string(FIND "${text}" "${place}" position)
    if(NOT position EQUAL -1)
      message(FATAL_ERROR "${file} contains the path ${place}")
    endif()
  endforeach()
endforeach()

# All headers are installed, and nothing that depends on the processor.
file(GLOB_RECURSE in_tree RELATIVE "${FAPILOG_SOURCE}/include" "${FAPILOG_SOURCE}/include/*.hpp")
file(GLOB_RECURSE in_prefix RELATIVE "${PREFIX}/include" "${PREFIX}/include/fapilog/*.hpp")
if(NOT in_tree STREQUAL in_prefix)
  message(FATAL_ERROR "installed headers differ from the tree's:\n${in_prefix}\n${in_tree}")
endif()
if(EXISTS "${PREFIX}/lib" AND NOT FMT_WAS_FETCHED)
  message(FATAL_ERROR "a header-only library must not install anything below lib/")
endif()
