# SPDX-License-Identifier: MIT
# A program and a shared library with one runtime. HIDDEN: the library's symbols are hidden, as many projects build.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

set(folder "${WORK}/shared_library_${HIDDEN}")
configure("${consumers}/shared_library" "${folder}" "-DHIDDEN=${HIDDEN}")
build("${folder}")
run("${folder}/shared_library")
foreach(unit IN ITEMS "1;from the program;program" "2;from the library;plugin" "3;from the library's thread;plugin")
  list(GET unit 0 number)
  list(GET unit 1 message)
  list(GET unit 2 logger)
  find_line("${output}" line "${message}")
  expect("${line}" ${number} log data number)
  expect("${line}" ${logger} log logger)
  # The program's scope is in force in what the library does on the program's thread, hidden symbols or not.
  if(number LESS 3)
    expect("${line}" "t-1" log context tenant_id)
  endif()
  # So is the library's own scope.
  if(number EQUAL 2)
    expect("${line}" "p-1" log data plugin_id)
  endif()
endforeach()
