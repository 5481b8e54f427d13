# SPDX-License-Identifier: MIT
# add_subdirectory: the parent project is not changed, and nothing of fapilog is installed with it.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

configure("${consumers}/add_subdirectory" "${WORK}/add_subdirectory" "-DFAPILOG_SOURCE=${FAPILOG_SOURCE}"
  "-DPROGRAMS=${programs}" "-DCOMPONENTS=${components_argument}" "-DCMAKE_INSTALL_PREFIX=${WORK}/add_subdirectory/prefix")
build("${WORK}/add_subdirectory")
run_one_line("${WORK}/add_subdirectory/one_line")
run_components("${WORK}/add_subdirectory")

run("${CMAKE_COMMAND}" --install "${WORK}/add_subdirectory")
file(GLOB_RECURSE installed "${WORK}/add_subdirectory/prefix/*")
if(installed)
  message(FATAL_ERROR "installed with the parent: ${installed}")
endif()
