# SPDX-License-Identifier: MIT
# find_package with the build folder instead of an installation.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

# With -I instead of -isystem the programs are compiled by the commands of the test add_subdirectory, so ccache has the results.
configure("${consumers}/find_package" "${WORK}/build_tree" -DCMAKE_NO_SYSTEM_FROM_IMPORTED=ON
  "-Dfapilog_DIR=${WORK}/installed/build" "-DPROGRAMS=${programs}" "-DCOMPONENTS=${components_argument}")
build("${WORK}/build_tree")
run_one_line("${WORK}/build_tree/one_line")
run_components("${WORK}/build_tree")
