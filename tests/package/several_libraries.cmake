# SPDX-License-Identifier: MIT
# A program and two libraries, shared or static, with one runtime and nested scopes.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

set(folder "${WORK}/several_libraries")
configure("${consumers}/several_libraries" "${folder}")
build("${folder}")

foreach(kind IN ITEMS SHARED STATIC)
  run("${folder}/several_${kind}")
  # Each record: message, outer_id, inner_id, region; `-` for a field that it must not have.
  foreach(row IN ITEMS
      "from the inner library;o-1;i-1;inner"
      "from the outer library;o-1;-;outer"
      "from the program;-;-;program")
    list(POP_FRONT row message outer_id inner_id region)
    find_line("${output}" line "${message}")
    expect("${line}" "t-1" log context tenant_id)
    expect_or_absent("${line}" "${outer_id}" log data outer_id)
    expect_or_absent("${line}" "${inner_id}" log data inner_id)
    expect("${line}" "${region}" log data region)
  endforeach()
endforeach()
