# SPDX-License-Identifier: MIT
# A Meson project takes fapilog as a subproject, with the build files of packaging/meson.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(folder "${WORK}/meson")
file(REMOVE_RECURSE "${folder}")
file(COPY "${consumers}/meson/" DESTINATION "${folder}")
file(COPY "${programs}/one_line.cpp" DESTINATION "${folder}")
file(COPY "${FAPILOG_SOURCE}/packaging/meson/packagefiles/fapilog/" "${FAPILOG_SOURCE}/include"
  DESTINATION "${folder}/subprojects/fapilog")
set(ENV{CXX} "${CXX}")
run("${MESON}" setup "${folder}/build" "${folder}" -Dfapilog:preset=minimal)
run("${MESON}" compile -C "${folder}/build")
run_one_line("${folder}/build/one_line")

# The version is the header's.
run("${MESON}" introspect "${folder}/build" --projectinfo)
string(JSON version GET "${output}" subprojects 0 version)
if(NOT version STREQUAL FAPILOG_VERSION)
  message(FATAL_ERROR "Meson says ${version}, the header ${FAPILOG_VERSION}")
endif()
