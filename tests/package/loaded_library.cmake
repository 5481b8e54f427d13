# SPDX-License-Identifier: MIT
# A shared library with hidden symbols, loaded with RTLD_LOCAL by a program that exports none: the two have separate scopes.
# The records of the library are complete even if it is closed before they are written.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

set(folder "${WORK}/loaded_library")
configure("${consumers}/loaded_library" "${folder}")
build("${folder}")
file(GLOB library "${folder}/liblibrary*")
run("${folder}/loaded_library" "${library}")

# Each record of the first round: message, tenant_id, library_id, region, step; `-` for a field that it must not have.
foreach(row IN ITEMS
    "from the program;t-1;-;program;-"
    "before its scope;t-1;-;program;-"
    "in its scope;t-1;l-1;library;-"
    "from the program, called by the library;t-1;-;program;-"
    "in its scope again;t-1;l-1;library;-"
    "in its inner scope 4;t-1;l-1;library;inner"
    "after its inner scope;t-1;l-1;library;-"
    "on its own thread;-;l-1;library;-"
    "after its scope;t-1;-;program;-"
    "after the library;t-1;-;program;-"
    "after all;-;-;-;-")
  list(POP_FRONT row message tenant library_id region step)
  find_line("${output}" line "${message}")
  expect_or_absent("${line}" "${tenant}" log context tenant_id)
  expect_or_absent("${line}" "${library_id}" log data library_id)
  expect_or_absent("${line}" "${region}" log data region)
  expect_or_absent("${line}" "${step}" log data step)
endforeach()

# In the second round the program has no scope.
string(REGEX MATCHALL "[^\n]*\"round\":2[^\n]*" second "${output}")
list(LENGTH second lines)
if(NOT lines EQUAL 7)
  message(FATAL_ERROR "the second round has ${lines} records, not 7:\n${output}")
endif()
list(JOIN second "\n" second)
foreach(row IN ITEMS "before its scope;-;-" "in its scope;l-1;-" "in its inner scope 4;l-1;inner" "after its scope;-;-")
  list(POP_FRONT row message library_id step)
  find_line("${second}" line "${message}")
  expect_or_absent("${line}" "-" log context tenant_id)
  expect_or_absent("${line}" "${library_id}" log data library_id)
  expect_or_absent("${line}" "${step}" log data step)
endforeach()

# The third round is written after the library was closed.
string(REGEX MATCHALL "[^\n]*\"round\":3[^\n]*" third "${output}")
list(LENGTH third lines)
if(NOT lines EQUAL 7)
  message(FATAL_ERROR "the third round has ${lines} records, not 7:\n${output}")
endif()
list(JOIN third "\n" third)
foreach(row IN ITEMS "before its scope;-;-" "in its scope;l-1;-" "in its inner scope 4;l-1;inner" "after its scope;-;-")
  list(POP_FRONT row message library_id step)
  find_line("${third}" line "${message}")
  expect_or_absent("${line}" "${library_id}" log data library_id)
  expect_or_absent("${line}" "${step}" log data step)
endforeach()
