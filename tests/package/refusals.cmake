# SPDX-License-Identifier: MIT
# Errors of fapilog's CMake files and their messages.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

# --- of the package ---
function(refuse_find wanted arguments)
  set(folder "${WORK}/refusals")
  file(REMOVE_RECURSE "${folder}")
  file(WRITE "${folder}/CMakeLists.txt"
    "cmake_minimum_required(VERSION 3.21)\nproject(refused LANGUAGES CXX)\nfind_package(fapilog ${arguments})\n")
  refuse("${wanted}" ${configure_command} -S "${folder}" -B "${folder}/build")
endfunction()

refuse_find("compatible with requested version \"0.2\"" "0.2 CONFIG REQUIRED")
refuse_find("compatible with requested version \"1.0\"" "1.0 CONFIG REQUIRED")
refuse_find("fapilog has no component telepathy: it was not installed" "CONFIG REQUIRED COMPONENTS telepathy")

# A component whose dependency is missing is an error that names it; an optional component is just absent.
if("json" IN_LIST COMPONENTS)
  set(configure_command ${configure_command} -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON)
  refuse_find("fapilog has no component json: it needs nlohmann_json" "CONFIG REQUIRED COMPONENTS json")
  refuse_find("core is found, json is not" "CONFIG REQUIRED OPTIONAL_COMPONENTS json)
if(TARGET fapilog::fapilog AND NOT TARGET fapilog::json AND NOT fapilog_json_FOUND)
  message(FATAL_ERROR \"core is found, json is not\")
endif(")
endif()

# --- of the project ---
function(refuse_option wanted)
  set(folder "${WORK}/refusals/options")
  file(REMOVE_RECURSE "${folder}")
  refuse("${wanted}" ${configure_command} -S "${FAPILOG_SOURCE}" -B "${folder}" -DFAPILOG_BUILD_TESTS=OFF
         -DFAPILOG_BUILD_EXAMPLES=OFF ${ARGN})
endfunction()

refuse_option("FAPILOG_PRESET is \"prod\"; the presets are dev, production, serverless, hardened, minimal, adaptive"
  -DFAPILOG_PRESET=prod)
refuse_option("FAPILOG_COMPILED_LEVEL is \"loud\"; it is one of debug, info" -DFAPILOG_COMPILED_LEVEL=loud)
refuse_option("FAPILOG_COMPILED_LEVEL is \"100\"" -DFAPILOG_COMPILED_LEVEL=100)
refuse_option("FAPILOG_WITH_ZLIB is \"maybe\"; expected AUTO, ON or OFF" -DFAPILOG_WITH_ZLIB=maybe)
refuse_option("fmt [0-9.]+ or newer was not found, and FAPILOG_FETCH_DEPS is off"
  -DFAPILOG_FETCH_DEPS=OFF -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON)
