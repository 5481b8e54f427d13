# SPDX-License-Identifier: MIT
# A preset and a compiled level chosen with CMake reach the users of the package, by CMake and by pkg-config.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(folder "${WORK}/choices")
configure("${FAPILOG_SOURCE}" "${folder}/build" "-DCMAKE_INSTALL_PREFIX=${folder}/prefix" -DFAPILOG_BUILD_TESTS=OFF
  -DFAPILOG_BUILD_EXAMPLES=OFF -DFAPILOG_PRESET=production -DFAPILOG_COMPILED_LEVEL=Warning
  -DFAPILOG_WITH_GRPC=OFF -DFAPILOG_WITH_HTTP=OFF -DFAPILOG_WITH_JSON=OFF -DFAPILOG_WITH_KAFKA=OFF -DFAPILOG_WITH_NATS=OFF -DFAPILOG_WITH_POSTGRES=OFF
  -DFAPILOG_WITH_TLS=OFF -DFAPILOG_WITH_ZLIB=OFF -DFAPILOG_WITH_ZSTD=OFF)
build("${folder}/build")
run("${CMAKE_COMMAND}" --install "${folder}/build")

file(READ "${folder}/prefix/share/cmake/fapilog/fapilog-targets.cmake" targets)
file(READ "${folder}/prefix/lib/pkgconfig/fapilog.pc" pc)
foreach(definition IN ITEMS FAPILOG_DEFAULT_PRESET=production FAPILOG_COMPILED_LEVEL=30)
  foreach(text IN ITEMS targets pc)
    string(FIND "${${text}}" "${definition}" position)
    if(position EQUAL -1)
      message(FATAL_ERROR "${definition} is not in:\n${${text}}")
    endif()
  endforeach()
endforeach()

file(GLOB components "${folder}/prefix/share/*/fapilog-*-targets.cmake" "${folder}/prefix/lib/pkgconfig/fapilog-*")
if(components)
  message(FATAL_ERROR "components that were off are installed: ${components}")
endif()

# The choice of the consumer replaces the installation's.
set(ENV{CMAKE_PREFIX_PATH} "${folder}/prefix")
foreach(choice IN ITEMS "-DEARLY=hardened;hardened" "-DEARLY=;production")
  list(GET choice 0 argument)
  list(GET choice 1 wanted)
  configure("${consumers}/preset" "${folder}/consumer" -DWAY=find_package "-DPROGRAMS=${programs}" ${argument}
    "-DWANTED=${wanted}")
  build("${folder}/consumer")
endforeach()

# The default choices add no definitions.
file(READ "${PREFIX}/share/cmake/fapilog/fapilog-targets.cmake" targets)
if(targets MATCHES "FAPILOG_DEFAULT_PRESET|FAPILOG_COMPILED_LEVEL")
  message(FATAL_ERROR "the default choices became definitions:\n${targets}")
endif()
