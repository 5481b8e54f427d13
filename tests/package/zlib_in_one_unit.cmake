# SPDX-License-Identifier: MIT
# Two translation units, one with the zlib component and one without: the unit without it compresses rotated files too.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

configure("${consumers}/zlib_in_one_unit" "${WORK}/zlib_in_one_unit")
build("${WORK}/zlib_in_one_unit")
file(REMOVE_RECURSE "${WORK}/zlib_in_one_unit/logs")
run("${WORK}/zlib_in_one_unit/with_zlib" "${WORK}/zlib_in_one_unit/logs/app.log")
file(GLOB compressed "${WORK}/zlib_in_one_unit/logs/app-*.log.gz")
if(NOT compressed)
  message(FATAL_ERROR "with_zlib left no compressed file in ${WORK}/zlib_in_one_unit/logs")
endif()

file(REMOVE_RECURSE "${WORK}/zlib_in_one_unit/logs")
refuse("link fapilog::zlib" "${WORK}/zlib_in_one_unit/without_zlib" "${WORK}/zlib_in_one_unit/logs/app.log")
