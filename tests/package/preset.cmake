# SPDX-License-Identifier: MIT
# The preset of the consumer holds in every way of using fapilog, or it is refused.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")
use_installation()

set(folder "${WORK}/preset")
set(presets "dev, production, serverless, hardened, minimal, adaptive")

foreach(way IN ITEMS find_package add_subdirectory fetch_content)
  set(arguments "-DPROGRAMS=${programs}" "-DWAY=${way}" "-DFAPILOG_SOURCE=${FAPILOG_SOURCE}"
                "-DFETCHCONTENT_SOURCE_DIR_FAPILOG=${FAPILOG_SOURCE}")

  # Set by the project, by -D, by a definition of the program, and not at all.
  foreach(choice IN ITEMS "-DEARLY=production;production" "-DFAPILOG_PRESET=hardened;hardened" "-DOWN=serverless;serverless"
                          "-DEARLY=;minimal")
    list(GET choice 0 argument)
    list(GET choice 1 wanted)
    configure("${consumers}/preset" "${folder}/build" ${arguments} ${argument} "-DWANTED=${wanted}")
    build("${folder}/build")
  endforeach()

  function(refuse_preset wanted)
    file(REMOVE_RECURSE "${folder}/build")
    refuse("${wanted}" ${configure_command} -S "${consumers}/preset" -B "${folder}/build" ${arguments} ${ARGN})
  endfunction()
  refuse_preset("FAPILOG_PRESET is \"prod\"; the presets are ${presets}" -DEARLY=prod)
  refuse_preset("FAPILOG_PRESET was set to \"production\" after fapilog was added with the preset \"minimal\""
    -DLATE=production)
  if(way STREQUAL "find_package")
    refuse_preset("FAPILOG_PRESET is \"hardened\", but fapilog was found before with the preset \"production\""
      -DEARLY=production -DAGAIN=hardened)
  endif()
endforeach()

# Headers without CMake.
set(compile "${CXX}" -std=c++20 -fsyntax-only -I "${FAPILOG_SOURCE}/include" "${programs}/preset.cpp")
run(${compile} -DFAPILOG_PRESET=production "-DWANTED=\"production\"")
run(${compile} "-DWANTED=\"minimal\"")
refuse("FAPILOG_PRESET is not one of ${presets}" ${compile} -DFAPILOG_PRESET=prod "-DWANTED=\"prod\"")
refuse("FAPILOG_PRESET is not one of ${presets}" ${compile} -DFAPILOG_PRESET= "-DWANTED=\"\"")
# As pkg-config passes it on, in any order with the program's own.
run(${compile} -DFAPILOG_DEFAULT_PRESET=production "-DWANTED=\"production\"")
run(${compile} -DFAPILOG_PRESET=hardened -DFAPILOG_DEFAULT_PRESET=production "-DWANTED=\"hardened\"")
run(${compile} -DFAPILOG_DEFAULT_PRESET=production -DFAPILOG_PRESET=hardened "-DWANTED=\"hardened\"")
