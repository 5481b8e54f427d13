# SPDX-License-Identifier: MIT
# Runs after a test program was built: gives its cases with the tag [slow] the label slow and a longer timeout.
# (ADD_TAGS_AS_LABELS needs a newer Catch2.)
# Parameters: PROGRAM, PREFIX, LABEL, OUTPUT, SLOW_TIMEOUT, CATCH_MAJOR
cmake_policy(VERSION 3.21)

if(CATCH_MAJOR LESS 3)
  set(list_arguments --list-test-names-only)
else()
  set(list_arguments --list-tests --verbosity quiet)
endif()

execute_process(COMMAND "${PROGRAM}" "[slow]" ${list_arguments} OUTPUT_VARIABLE names RESULT_VARIABLE ignored)
string(REGEX REPLACE "\n$" "" names "${names}")
string(REPLACE "\n" ";" names "${names}")
list(TRANSFORM names STRIP)

set(script "")
foreach(name IN LISTS names)
  string(APPEND script "set_tests_properties([==[${PREFIX}${name}]==] PROPERTIES LABELS \"${LABEL};slow\""
                       " TIMEOUT ${SLOW_TIMEOUT})\n")
endforeach()
file(WRITE "${OUTPUT}" "${script}")
