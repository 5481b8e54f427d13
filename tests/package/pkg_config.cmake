# SPDX-License-Identifier: MIT
# pkg-config with the moved installation, and one call of the compiler.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(ENV{PKG_CONFIG_PATH} "${PREFIX}/lib/pkgconfig:$ENV{PKG_CONFIG_PATH}")
file(MAKE_DIRECTORY "${WORK}/pkg_config")

string(REPLACE "," ";" compiled_libraries "${COMPILED_LIBRARIES}")
function(build_with package program)
  run("${PKG_CONFIG}" --cflags --libs ${package})
  separate_arguments(flags UNIX_COMMAND "${output}")
  run("${CXX}" -std=c++20 -DFAPILOG_COMPILED "${programs}/${program}.cpp" ${compiled_libraries} ${flags} -o "${WORK}/pkg_config/${program}")
endfunction()

build_with(fapilog one_line)
run_one_line("${WORK}/pkg_config/one_line")
foreach(component IN LISTS COMPONENTS)
  build_with(fapilog-${component} ${component})
endforeach()
run_components("${WORK}/pkg_config")

run("${PKG_CONFIG}" --modversion fapilog)
string(STRIP "${output}" version)
if(NOT version STREQUAL FAPILOG_VERSION)
  message(FATAL_ERROR "pkg-config says ${version}, the header ${FAPILOG_VERSION}")
endif()
