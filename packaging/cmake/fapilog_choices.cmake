# SPDX-License-Identifier: MIT
# Checks what was chosen and makes definitions of it. Sets: fapilog_chosen_definitions

set(fapilog_chosen_definitions "")

set(fapilog_preset_names dev production serverless hardened minimal adaptive)
set_property(CACHE FAPILOG_PRESET PROPERTY STRINGS ${fapilog_preset_names})
if(NOT FAPILOG_PRESET IN_LIST fapilog_preset_names)
  list(JOIN fapilog_preset_names ", " names)
  message(FATAL_ERROR "fapilog: FAPILOG_PRESET is \"${FAPILOG_PRESET}\"; the presets are ${names}")
endif()
# The header's default needs no definition, so that by default nothing has to agree between translation units.
if(NOT FAPILOG_PRESET STREQUAL "minimal")
  list(APPEND fapilog_chosen_definitions FAPILOG_PRESET=${FAPILOG_PRESET})
endif()

if(NOT FAPILOG_COMPILED_LEVEL STREQUAL "")
  set(level_names debug info warning error critical audit security)
  set(level_values 10 20 30 40 50 60 70)
  string(TOLOWER "${FAPILOG_COMPILED_LEVEL}" level)
  list(FIND level_names "${level}" index)
  if(NOT index EQUAL -1)
    list(GET level_values ${index} level)
  elseif(NOT level MATCHES "^[0-9][0-9]?$")
    list(JOIN level_names ", " names)
    message(FATAL_ERROR "fapilog: FAPILOG_COMPILED_LEVEL is \"${FAPILOG_COMPILED_LEVEL}\"; it is one of ${names}, "
                        "or a number from 0 to 99, or empty")
  endif()
  math(EXPR level "${level}") # 08 is no number in C++
  list(APPEND fapilog_chosen_definitions FAPILOG_COMPILED_LEVEL=${level})
endif()

foreach(component IN ITEMS JSON POSTGRES ZLIB)
  string(TOUPPER "${FAPILOG_WITH_${component}}" choice)
  if(NOT choice MATCHES "^(AUTO|ON|OFF|TRUE|FALSE|YES|NO|0|1)$")
    message(FATAL_ERROR "fapilog: FAPILOG_WITH_${component} is \"${FAPILOG_WITH_${component}}\"; it is AUTO, ON or OFF")
  endif()
endforeach()
