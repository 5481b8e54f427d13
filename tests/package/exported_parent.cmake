# SPDX-License-Identifier: MIT
# A parent project that exports a target which links fapilog: it needs FAPILOG_INSTALL, and without it CMake says so. With it,
# its users find both.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(folder "${WORK}/exported_parent")
file(REMOVE_RECURSE "${folder}")
refuse("requires target \"fapilog\"" ${configure_command} -S "${consumers}/exported_parent" -B "${folder}/refused"
  "-DFAPILOG_SOURCE=${FAPILOG_SOURCE}" -DINSTALL_FAPILOG=OFF)

configure("${consumers}/exported_parent" "${folder}/build" "-DFAPILOG_SOURCE=${FAPILOG_SOURCE}" -DINSTALL_FAPILOG=ON
  "-DCMAKE_INSTALL_PREFIX=${folder}/prefix")
build("${folder}/build")
run("${CMAKE_COMMAND}" --install "${folder}/build")

file(WRITE "${folder}/user/CMakeLists.txt" [[
cmake_minimum_required(VERSION 3.21)
project(consumer LANGUAGES CXX)
find_package(parent CONFIG REQUIRED)
get_target_property(libraries parent::parent INTERFACE_LINK_LIBRARIES)
if(NOT TARGET fapilog::fapilog OR NOT "fapilog::fapilog" IN_LIST libraries)
  message(FATAL_ERROR "parent::parent links ${libraries}")
endif()
]])
set(ENV{CMAKE_PREFIX_PATH} "${folder}/prefix")
configure("${folder}/user" "${folder}/user/build")
