# SPDX-License-Identifier: MIT
# Runs the vcpkg port as vcpkg would, with stand-ins for vcpkg's functions that do the same to this port: with no
# feature and with each that this machine can build. Shows that its options exist, and that the package is found after
# the files were moved to where vcpkg wants them.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

set(port_folder "${FAPILOG_SOURCE}/packaging/vcpkg/ports/fapilog")

function(vcpkg_check_features)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_FEATURE_OPTIONS" "FEATURES")
  set(options "")
  while(arg_FEATURES)
    list(POP_FRONT arg_FEATURES feature option)
    if(feature IN_LIST FEATURES)
      list(APPEND options "-D${option}=ON")
    else()
      list(APPEND options "-D${option}=OFF")
    endif()
  endwhile()
  set(${arg_OUT_FEATURE_OPTIONS} "${options}" PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  if(NOT VCPKG_BUILD_TYPE STREQUAL "release")
    message(FATAL_ERROR "a header-only port is built for release only")
  endif()
  file(REMOVE_RECURSE "${CURRENT_BUILDTREES_DIR}")
  execute_process(COMMAND ${configure_command} -S "${arg_SOURCE_PATH}" -B "${CURRENT_BUILDTREES_DIR}"
    "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}" -DCMAKE_ERROR_ON_ABSOLUTE_INSTALL_DESTINATION=ON ${arg_OPTIONS}
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${output}")
  endif()
  foreach(option IN LISTS arg_OPTIONS)
    string(REGEX REPLACE "^-D([^=]+)=.*" "\\1" option "${option}")
    # CMake lists the variables that nobody asked for.
    if(output MATCHES "were not used by the project:.*\n *${option}\n")
      message(FATAL_ERROR "the port sets ${option}, which is no option of fapilog")
    endif()
  endforeach()
endfunction()

function(vcpkg_cmake_install)
  run("${CMAKE_COMMAND}" --build "${CURRENT_BUILDTREES_DIR}" --target install)
endfunction()

function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  file(GLOB files "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*")
  file(COPY ${files} DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
  get_filename_component(parent "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}" DIRECTORY)
  file(REMOVE_RECURSE "${parent}")
  file(GLOB files "${CURRENT_PACKAGES_DIR}/share/${PORT}/*.cmake")
  set(up "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    # One folder less on the way up to the prefix.
    string(REPLACE "${up}\n${up}\n${up}\n" "${up}\n${up}\n" text "${text}")
    string(REPLACE "CMAKE_CURRENT_LIST_DIR}/../../../" "CMAKE_CURRENT_LIST_DIR}/../../" text "${text}")
    file(WRITE "${file}" "${text}")
  endforeach()
endfunction()

function(vcpkg_fixup_pkgconfig)
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  configure_file("${arg_FILE_LIST}" "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" COPYONLY)
endfunction()

# A function, so that CMAKE_CURRENT_LIST_DIR is the port's folder, as it is there.
function(build_port name)
  set(FEATURES "${ARGN}")
  set(PORT fapilog)
  set(VERSION "${FAPILOG_VERSION}")
  set(CURRENT_BUILDTREES_DIR "${WORK}/vcpkg_port/${name}/build")
  set(CURRENT_PACKAGES_DIR "${WORK}/vcpkg_port/${name}/packages")
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}")
  include("${port_folder}/portfile.cmake")

  foreach(file IN ITEMS share/fapilog/copyright share/fapilog/usage share/fapilog/fapilog-config.cmake
                        share/pkgconfig/fapilog.pc include/fapilog/version.hpp)
    if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${file}")
      message(FATAL_ERROR "the port installed no ${file}")
    endif()
  endforeach()
  foreach(folder IN ITEMS debug bin share/cmake)
    if(EXISTS "${CURRENT_PACKAGES_DIR}/${folder}")
      message(FATAL_ERROR "the port must not install ${folder}")
    endif()
  endforeach()
  string(REPLACE ";" "," features_argument "${FEATURES}")
  configure("${consumers}/find_package" "${WORK}/vcpkg_port/${name}/consumer" "-DPROGRAMS=${programs}"
    "-Dfapilog_DIR=${CURRENT_PACKAGES_DIR}/share/fapilog" "-DCOMPONENTS=${features_argument}")
  build("${WORK}/vcpkg_port/${name}/consumer")
  run_one_line("${WORK}/vcpkg_port/${name}/consumer/one_line")
  file(GLOB targets RELATIVE "${CURRENT_PACKAGES_DIR}/share/fapilog"
       "${CURRENT_PACKAGES_DIR}/share/fapilog/fapilog-*-targets.cmake")
  list(TRANSFORM targets REPLACE "fapilog-(.*)-targets.cmake" "\\1")
  list(SORT FEATURES)
  list(SORT targets)
  if(NOT targets STREQUAL FEATURES)
    message(FATAL_ERROR "asked for \"${FEATURES}\", installed \"${targets}\"")
  endif()
endfunction()

build_port(core)
if(COMPONENTS)
  build_port(features ${COMPONENTS})
endif()

# The port's features and its usage text are those of the project.
file(READ "${port_folder}/vcpkg.json" manifest)
file(READ "${port_folder}/usage" usage)
foreach(feature IN ITEMS json postgres zlib)
  string(JSON description GET "${manifest}" features ${feature} description)
  if(NOT usage MATCHES "COMPONENTS ${feature}" OR NOT usage MATCHES "fapilog::${feature}")
    message(FATAL_ERROR "usage does not tell of ${feature}")
  endif()
endforeach()
