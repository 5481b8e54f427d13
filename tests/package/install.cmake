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

file(GLOB_RECURSE files "${PREFIX}/share/*" "${PREFIX}/lib/pkgconfig/*")
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
file(GLOB_RECURSE in_lib "${PREFIX}/lib/*")
list(FILTER in_lib EXCLUDE REGEX "\\.pc$")
if(in_lib AND NOT FMT_WAS_FETCHED)
  message(FATAL_ERROR "a header-only library must not install anything but .pc files below lib/: ${in_lib}")
endif()

# A parent project or a packager can install these files alone.
run("${CMAKE_COMMAND}" --install "${WORK}/installed/build" --component fapilog_development --prefix "${WORK}/installed/component")
file(GLOB_RECURSE whole RELATIVE "${PREFIX}" "${PREFIX}/*")
file(GLOB_RECURSE component RELATIVE "${WORK}/installed/component" "${WORK}/installed/component/*")
if(NOT whole STREQUAL component AND NOT FMT_WAS_FETCHED)
  message(FATAL_ERROR "the component fapilog_development differs from the whole:\n${component}\n${whole}")
endif()
