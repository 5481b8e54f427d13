# SPDX-License-Identifier: MIT
# Installs the static library of fapilog::compiled and builds a program with it.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(folder "${WORK}/compiled")
file(REMOVE_RECURSE "${folder}")
configure("${FAPILOG_SOURCE}" "${folder}/build" "-DCMAKE_INSTALL_PREFIX=${folder}/prefix" -DCMAKE_INSTALL_LIBDIR=lib
  -DFAPILOG_INSTALL_COMPILED=ON -DFAPILOG_BUILD_TESTS=OFF -DFAPILOG_BUILD_EXAMPLES=OFF)
build("${folder}/build")
run("${CMAKE_COMMAND}" --install "${folder}/build")
set(library "${folder}/prefix/lib/libfapilog.a")
if(NOT EXISTS "${library}")
  message(FATAL_ERROR "${library} was not installed")
endif()

# The libraries of sinks that need libpqxx or libcurl are there if the components are.
set(asked compiled)
set(of_components "")
foreach(component IN ITEMS http postgres)
  if(component IN_LIST COMPONENTS)
    string(APPEND asked ",compiled_${component}")
    list(APPEND of_components compiled_${component})
  endif()
endforeach()

set(ENV{CMAKE_PREFIX_PATH} "${folder}/prefix")
configure("${consumers}/find_package" "${folder}/consumer" "-DPROGRAMS=${programs}" "-DCOMPONENTS=${asked}")
run("${CMAKE_COMMAND}" --build "${folder}/consumer" --target compiled) # not the header-only program
run_one_line("${folder}/consumer/compiled")
foreach(program IN LISTS of_components)
  run("${CMAKE_COMMAND}" --build "${folder}/consumer" --target ${program})
  run("${folder}/consumer/${program}")
endforeach()
