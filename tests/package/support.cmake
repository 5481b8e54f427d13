# SPDX-License-Identifier: MIT
# What the scripts of this folder share. Each is run by `cmake -P` with the variables that CMakeLists.txt passes.
cmake_policy(VERSION 3.21)

set(PREFIX "${WORK}/installed/prefix")
set(programs "${CMAKE_CURRENT_LIST_DIR}/programs")
set(consumers "${CMAKE_CURRENT_LIST_DIR}/consumers")
string(REPLACE ";" "," components_argument "${COMPONENTS}") # a list that survives being passed on

# run(<command...>): stops the test when it fails. Its standard output is left in `output`.
function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${result}\n${output}\n${errors}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# refuse(<regular expression> <command...>): the command must fail with a message like that.
function(refuse wanted)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
  list(JOIN ARGN " " command)
  if(result EQUAL 0)
    message(FATAL_ERROR "${command}\nshould have failed with: ${wanted}\n${output}\n${errors}")
  endif()
  string(REGEX REPLACE "[ \n]+" " " errors "${errors}") # CMake breaks messages into lines
  if(NOT errors MATCHES "${wanted}")
    message(FATAL_ERROR "${command}\nfailed as it should, but not with: ${wanted}\n${errors}")
  endif()
endfunction()

# configure(<source> <build> <arguments...>): with the compiler and the dependencies of the build that runs the tests
# (its file DEPENDENCIES). `configure_command` is left for refuse().
set(configure_command "${CMAKE_COMMAND}" -G "${GENERATOR}" -C "${DEPENDENCIES}")
function(configure source build)
  file(REMOVE_RECURSE "${build}")
  run(${configure_command} -S "${source}" -B "${build}" ${ARGN})
endfunction()

# What find_package() finds from here on comes from the installation.
macro(use_installation)
  set(ENV{CMAKE_PREFIX_PATH} "${PREFIX}")
endmacro()

function(build folder)
  run("${CMAKE_COMMAND}" --build "${folder}")
endfunction()

# find_line(<output> <variable> <message>): the JSON object of the line with this message.
function(find_line text variable wanted)
  string(REPLACE ";" " " text "${text}")
  string(REGEX REPLACE "\n$" "" text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  foreach(line IN LISTS lines)
    string(JSON found ERROR_VARIABLE problem GET "${line}" log message)
    if(problem)
      message(FATAL_ERROR "not a line of the envelope (${problem}): ${line}")
    endif()
    if(found STREQUAL wanted)
      set(${variable} "${line}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "no line says \"${wanted}\":\n${text}")
endfunction()

# expect(<line> <value> <path...>): the member of the line is this value.
function(expect line wanted)
  string(JSON found ERROR_VARIABLE problem GET "${line}" ${ARGN})
  if(problem OR NOT found STREQUAL wanted)
    message(FATAL_ERROR "${ARGN} is \"${found}\", not \"${wanted}\": ${line}")
  endif()
endfunction()

# run_one_line(<program>): runs programs/one_line.cpp as built there and checks what it prints.
function(run_one_line program)
  run(${ARGN} "${program}")
  string(REGEX MATCHALL "\n" ends "${output}")
  list(LENGTH ends lines)
  if(NOT lines EQUAL 1)
    message(FATAL_ERROR "${program} printed ${lines} lines, not one:\n${output}")
  endif()
  find_line("${output}" line "user logged in")
  expect("${line}" "INFO" log level)
  expect("${line}" "billing" log logger)
  expect("${line}" 42 log context user_id)
  expect("${line}" 3 log data attempts)
  string(JSON type TYPE "${line}" log data attempts)
  if(NOT type STREQUAL "NUMBER")
    message(FATAL_ERROR "attempts is a ${type}, not a NUMBER: ${line}")
  endif()
endfunction()

# run_components(<build folder>): runs the programs of the components that this build has.
function(run_components folder)
  foreach(component IN LISTS COMPONENTS)
    run("${folder}/${component}")
    if(component STREQUAL "json")
      find_line("${output}" line "a document")
      expect("${line}" 42 log data document answer)
    endif()
  endforeach()
endfunction()
