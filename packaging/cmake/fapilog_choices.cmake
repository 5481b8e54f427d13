# SPDX-License-Identifier: MIT
# Checks FAPILOG_PRESET and FAPILOG_COMPILED_LEVEL and turns them into definitions. Included by the project, and by the
# installed package for the project that finds it.

set(fapilog_preset_names dev production serverless hardened minimal adaptive)

# fapilog_make_definitions(<variable> <preset> <compiled level>): stops if one of them is unknown.
# It defines FAPILOG_DEFAULT_PRESET, so that a program that defines FAPILOG_PRESET itself gets its own choice.
function(fapilog_make_definitions result preset level)
  set(definitions "")
  if(NOT preset IN_LIST fapilog_preset_names)
    list(JOIN fapilog_preset_names ", " names)
    message(FATAL_ERROR "fapilog: FAPILOG_PRESET is \"${preset}\"; the presets are ${names}")
  endif()
  # The header's default needs no definition, so that by default translation units have nothing to agree on.
  if(NOT preset STREQUAL "minimal")
    list(APPEND definitions FAPILOG_DEFAULT_PRESET=${preset})
  endif()

  if(NOT level STREQUAL "")
    set(level_names debug info warning error critical audit security)
    set(level_values 10 20 30 40 50 60 70)
    set(given "${level}")
    string(TOLOWER "${level}" level)
    list(FIND level_names "${level}" index)
    if(NOT index EQUAL -1)
      list(GET level_values ${index} level)
    elseif(NOT level MATCHES "^[0-9][0-9]?$")
      list(JOIN level_names ", " names)
      message(FATAL_ERROR "fapilog: FAPILOG_COMPILED_LEVEL is \"${given}\"; it is one of ${names}, or a number from 0 "
                          "to 99, or empty")
    endif()
    math(EXPR level "${level}") # 08 is not a number in C++
    list(APPEND definitions FAPILOG_COMPILED_LEVEL=${level})
  endif()
  set(${result} "${definitions}" PARENT_SCOPE)
endfunction()

# fapilog_refuse_late_preset(<preset>): stops if FAPILOG_PRESET was set after fapilog had been added or found, when it would have
# no effect. Called at the end of the directory that uses fapilog.
function(fapilog_refuse_late_preset chosen)
  if(DEFINED FAPILOG_PRESET AND NOT FAPILOG_PRESET STREQUAL chosen AND NOT FAPILOG_PRESET STREQUAL "${ARGN}")
    message(FATAL_ERROR "fapilog: FAPILOG_PRESET was set to \"${FAPILOG_PRESET}\" after fapilog was added with the preset "
                        "\"${chosen}\"; set it before find_package, add_subdirectory or FetchContent_MakeAvailable")
  endif()
endfunction()
