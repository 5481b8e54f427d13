# SPDX-License-Identifier: MIT
# Runs after a test program was built: writes properties for its cases by tag. [slow] sets the label slow and a longer
# timeout, [timing] the label timing and a run without other tests at the same time. (ADD_TAGS_AS_LABELS needs a newer Catch2.)
# Parameters: PROGRAM, PREFIX, LABEL, OUTPUT, SLOW_TIMEOUT, CATCH_MAJOR
cmake_policy(VERSION 3.21)

if(CATCH_MAJOR LESS 3)
  set(list_arguments --list-test-names-only)
else()
  set(list_arguments --list-tests --verbosity quiet)
endif()

foreach(tag IN ITEMS slow timing)
  execute_process(COMMAND "${PROGRAM}" "[${tag}]" ${list_arguments} OUTPUT_VARIABLE names RESULT_VARIABLE ignored)
  string(REGEX REPLACE "\n$" "" names "${names}")
  string(REPLACE "\n" ";" names "${names}")
  list(TRANSFORM names STRIP OUTPUT_VARIABLE ${tag}_names)
endforeach()

set(script "")
foreach(name IN LISTS slow_names)
  if(name IN_LIST timing_names)
    string(APPEND script "set_tests_properties([==[${PREFIX}${name}]==] PROPERTIES LABELS \"${LABEL};slow;timing\""
                         " TIMEOUT ${SLOW_TIMEOUT} RUN_SERIAL TRUE)\n")
  else()
    string(APPEND script "set_tests_properties([==[${PREFIX}${name}]==] PROPERTIES LABELS \"${LABEL};slow\""
                         " TIMEOUT ${SLOW_TIMEOUT})\n")
  endif()
endforeach()
foreach(name IN LISTS timing_names)
  if(NOT name IN_LIST slow_names)
    string(APPEND script "set_tests_properties([==[${PREFIX}${name}]==] PROPERTIES LABELS \"${LABEL};timing\""
                         " RUN_SERIAL TRUE)\n")
  endif()
endforeach()
file(WRITE "${OUTPUT}" "${script}")
