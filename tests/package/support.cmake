# SPDX-License-Identifier: MIT
# Functions of the scripts in this folder. CMakeLists.txt runs each script by `cmake -P` with variables.
cmake_policy(VERSION 3.21)

set(PREFIX "${WORK}/installed/prefix")
set(programs "${CMAKE_CURRENT_LIST_DIR}/programs")
set(consumers "${CMAKE_CURRENT_LIST_DIR}/consumers")
string(REPLACE ";" "," components_argument "${COMPONENTS}") # commas, so that it can be passed as one argument

# run(<command...>): runs a command, which must succeed; sets `output` to its standard output.
function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${result}\n${output}\n${errors}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# refuse(<regular expression> <command...>): runs a command, which must fail with a matching message.
function(refuse wanted)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
  list(JOIN ARGN " " command)
  if(result EQUAL 0)
    message(FATAL_ERROR "${command}\nshould have failed with: ${wanted}\n${output}\n${errors}")
  endif()
  string(REGEX REPLACE "[ \n]+" " " errors "${errors}") # CMake breaks messages into lines
  if(NOT errors MATCHES "${wanted}")
    message(FATAL_ERROR "${command}\nfailed as expected, but not with: ${wanted}\n${errors}")
  endif()
endfunction()

# configure(<source> <build> <arguments...>): configures with the compiler and the dependencies of the build that runs the
# tests (file DEPENDENCIES). refuse() uses `configure_command`.
set(configure_command "${CMAKE_COMMAND}" -G "${GENERATOR}" -C "${DEPENDENCIES}")
if(COMPILED_LIBRARIES)
  list(APPEND configure_command "-DCMAKE_PROJECT_consumer_INCLUDE=${consumers}/compiled.cmake"
       "-DCOMPILED_LIBRARIES=${COMPILED_LIBRARIES}")
endif()
function(configure source build)
  file(REMOVE_RECURSE "${build}")
  run(${configure_command} -S "${source}" -B "${build}" ${ARGN})
endfunction()

# From here on, find_package() finds the installation.
macro(use_installation)
  set(ENV{CMAKE_PREFIX_PATH} "${PREFIX}")
endmacro()

function(build folder)
  run("${CMAKE_COMMAND}" --build "${folder}")
endfunction()

# find_line(<output> <variable> <message>): sets the variable to the JSON line with this message.
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
  message(FATAL_ERROR "no line has the message \"${wanted}\":\n${text}")
endfunction()

# expect(<line> <value> <path...>): checks a member of the line.
function(expect line wanted)
  string(JSON found ERROR_VARIABLE problem GET "${line}" ${ARGN})
  if(problem OR NOT found STREQUAL wanted)
    message(FATAL_ERROR "${ARGN} is \"${found}\", not \"${wanted}\": ${line}")
  endif()
endfunction()

# expect_or_absent(<line> <value> <path...>): checks a member of the line; `-` if the line must not have it.
function(expect_or_absent line wanted)
  if(NOT wanted STREQUAL "-")
    expect("${line}" "${wanted}" ${ARGN})
    return()
  endif()
  string(JSON found ERROR_VARIABLE problem GET "${line}" ${ARGN})
  if(NOT problem)
    message(FATAL_ERROR "${ARGN} is \"${found}\", but must be absent: ${line}")
  endif()
endfunction()

# run_one_line(<program>): runs a build of programs/one_line.cpp and checks its output.
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

# run_components(<build folder>): runs the programs of the components of this build.
function(run_components folder)
  foreach(component IN LISTS COMPONENTS)
    run("${folder}/${component}")
    if(component STREQUAL "json")
      find_line("${output}" line "a document")
      expect("${line}" 42 log data document answer)
    endif()
  endforeach()
endfunction()
