# SPDX-License-Identifier: MIT
# FetchContent, offline.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

configure("${consumers}/fetch_content" "${WORK}/fetch_content"
  "-DFETCHCONTENT_SOURCE_DIR_FAPILOG=${FAPILOG_SOURCE}" "-DPROGRAMS=${programs}")
build("${WORK}/fetch_content")
run_one_line("${WORK}/fetch_content/one_line")
