# SPDX-License-Identifier: MIT
# find_package with the moved installation: with components, and without.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

configure("${consumers}/find_package" "${WORK}/find_package"
  "-DPROGRAMS=${programs}" "-DCOMPONENTS=${components_argument}")
build("${WORK}/find_package")
run_one_line("${WORK}/find_package/one_line")
run_components("${WORK}/find_package")

configure("${consumers}/find_package" "${WORK}/find_package_plain"
  "-DPROGRAMS=${programs}")
