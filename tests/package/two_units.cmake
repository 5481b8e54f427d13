# SPDX-License-Identifier: MIT
# Three translation units of one program share the runtime, the scope and the account; one of them fills the options.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

configure("${consumers}/two_units" "${WORK}/two_units")
build("${WORK}/two_units")
run("${WORK}/two_units/two_units")
foreach(unit IN ITEMS "1;first" "2;second")
  list(GET unit 0 number)
  list(GET unit 1 name)
  find_line("${output}" line "from the ${name} unit")
  expect("${line}" ${number} log data unit)
  expect("${line}" "t-1" log context tenant_id)
endforeach()
