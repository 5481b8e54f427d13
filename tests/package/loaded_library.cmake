# SPDX-License-Identifier: MIT
# A shared library with hidden symbols, loaded with RTLD_LOCAL by a program that exports none: the two have separate scopes.
# The records of the library are complete even if it is closed before they are written, or if the process is killed and the next
# one does not load the library.
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

# In the second round the program has no scope; the third is written after the library was closed.
foreach(round IN ITEMS 2 3)
  string(REGEX MATCHALL "[^\n]*\"round\":${round}[^\n]*" lines_of_round "${output}")
  list(LENGTH lines_of_round lines)
  if(NOT lines EQUAL 7)
    message(FATAL_ERROR "round ${round} has ${lines} records, not 7:\n${output}")
  endif()
  list(JOIN lines_of_round "\n" lines_of_round)
  foreach(row IN ITEMS "before its scope;-;-" "in its scope;l-1;-" "in its inner scope 4;l-1;inner" "after its scope;-;-")
    list(POP_FRONT row message library_id step)
    find_line("${lines_of_round}" line "${message}")
    expect_or_absent("${line}" "-" log context tenant_id)
    expect_or_absent("${line}" "${library_id}" log data library_id)
    expect_or_absent("${line}" "${step}" log data step)
  endforeach()
endforeach()

file(REMOVE_RECURSE "${folder}/kept")
run("${folder}/loaded_library" "${library}" "${folder}/kept")
foreach(row IN ITEMS
    "before its scope;-;-"
    "in its scope;l-1;-"
    "from the program, called by the library;-;-"
    "in its scope again;l-1;-"
    "in its inner scope 4;l-1;inner"
    "after its inner scope;l-1;-"
    "on its own thread;l-1;-"
    "after its scope;-;-")
  list(POP_FRONT row message library_id step)
  find_line("${output}" line "${message}")
  expect_or_absent("${line}" "${library_id}" log data library_id)
  expect_or_absent("${line}" "${step}" log data step)
endforeach()
