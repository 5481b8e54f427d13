# SPDX-License-Identifier: MIT
# Install rules, the CMake package (installed and in the build tree) and pkg-config files.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(fapilog_components GLOBAL PROPERTY FAPILOG_COMPONENTS)

# A header-only library does not depend on the processor: its CMake files are installed below share/. The .pc files name
# libraries, so that they belong to those of the processor.
set(fapilog_cmake_dir "${CMAKE_INSTALL_DATADIR}/cmake/fapilog")
set(fapilog_pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# What a parent project or a packager can install alone: `cmake --install build --component fapilog_development`. The
# command line tool is the component cli.
set(fapilog_component fapilog_development)

target_include_directories(fapilog INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/fapilog" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        COMPONENT ${fapilog_component} FILES_MATCHING PATTERN "*.hpp")

# One export file per component, so that only users of a component need its dependency.
install(TARGETS fapilog EXPORT fapilog-targets)
set(fapilog_exports fapilog-targets)
foreach(component IN LISTS fapilog_components)
  install(TARGETS fapilog_${component} EXPORT fapilog-${component}-targets)
  list(APPEND fapilog_exports fapilog-${component}-targets)
endforeach()
set(fapilog_architecture ARCH_INDEPENDENT)
if(FAPILOG_INSTALL_COMPILED)
  set(fapilog_architecture "")
  install(TARGETS fapilog_compiled EXPORT fapilog-compiled-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          COMPONENT ${fapilog_component})
  list(APPEND fapilog_exports fapilog-compiled-targets)
  foreach(component IN ITEMS http kafka nats postgres)
    if(TARGET fapilog_compiled_${component})
      install(TARGETS fapilog_compiled_${component} EXPORT fapilog-compiled_${component}-targets
              ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${fapilog_component})
      list(APPEND fapilog_exports fapilog-compiled_${component}-targets)
    endif()
  endforeach()
endif()
if(FAPILOG_INSTALL_CLI)
  install(TARGETS fapilog_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT cli)
  set(fapilog_completions "${PROJECT_SOURCE_DIR}/examples/cli/completions")
  install(FILES "${fapilog_completions}/fapilog.bash" RENAME fapilog
          DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT cli)
  install(FILES "${fapilog_completions}/_fapilog" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" COMPONENT cli)
  install(FILES "${fapilog_completions}/fapilog.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d"
          COMPONENT cli)
endif()
foreach(name IN LISTS fapilog_exports)
  install(EXPORT ${name} NAMESPACE fapilog:: DESTINATION "${fapilog_cmake_dir}" FILE ${name}.cmake
          COMPONENT ${fapilog_component})
  export(EXPORT ${name} NAMESPACE fapilog:: FILE "${PROJECT_BINARY_DIR}/${name}.cmake")
endforeach()

# SameMinorVersion: before 1.0 a minor version may change the interface.
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/fapilog-config.cmake.in" "${PROJECT_BINARY_DIR}/fapilog-config.cmake"
  INSTALL_DESTINATION "${fapilog_cmake_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/fapilog-config-version.cmake"
  COMPATIBILITY SameMinorVersion ${fapilog_architecture})
configure_file("${CMAKE_CURRENT_LIST_DIR}/fapilog_choices.cmake" "${PROJECT_BINARY_DIR}/fapilog_choices.cmake" COPYONLY)
install(FILES "${PROJECT_BINARY_DIR}/fapilog-config.cmake" "${PROJECT_BINARY_DIR}/fapilog-config-version.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/fapilog_choices.cmake"
        DESTINATION "${fapilog_cmake_dir}" COMPONENT ${fapilog_component})

foreach(pair IN ITEMS postgres:Findlibpqxx kafka:FindRdKafka nats:FindCnats grpc:FindGrpcpp zstd:FindZstd)
  string(REPLACE ":" ";" pair "${pair}")
  list(POP_FRONT pair component)
  if(component IN_LIST fapilog_components)
    configure_file("${CMAKE_CURRENT_LIST_DIR}/${pair}.cmake" "${PROJECT_BINARY_DIR}/${pair}.cmake" COPYONLY)
    install(FILES "${CMAKE_CURRENT_LIST_DIR}/${pair}.cmake" DESTINATION "${fapilog_cmake_dir}"
            COMPONENT ${fapilog_component})
  endif()
endforeach()

# --- pkg-config ---------------------------------------------------------------------------------------------

# Relative to the .pc file, so that an installation can be moved.
file(RELATIVE_PATH fapilog_pc_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" fapilog_pc_prefix "${fapilog_pc_prefix}")
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(fapilog_pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(fapilog_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

# fapilog_add_pc(<name> <description> [CFLAGS ...] [LIBS ...] [REQUIRES ...] [REQUIRES_PRIVATE ...])
function(fapilog_add_pc pc_name pc_description)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "CFLAGS;LIBS;REQUIRES;REQUIRES_PRIVATE")
  set(pc_fields "")
  foreach(field IN ITEMS REQUIRES:Requires REQUIRES_PRIVATE:Requires.private CFLAGS:Cflags LIBS:Libs)
    string(REPLACE ":" ";" field "${field}")
    list(POP_FRONT field argument)
    if(arg_${argument})
      list(JOIN arg_${argument} " " value)
      string(APPEND pc_fields "${field}: ${value}\n")
    endif()
  endforeach()
  configure_file("${PROJECT_SOURCE_DIR}/packaging/cmake/fapilog.pc.in" "${PROJECT_BINARY_DIR}/${pc_name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${pc_name}.pc" DESTINATION "${fapilog_pkgconfig_dir}"
          COMPONENT ${fapilog_component})
endfunction()

set(cflags "-I\${includedir}")
foreach(definition IN LISTS fapilog_chosen_definitions)
  list(APPEND cflags "-D${definition}")
endforeach()
set(libs "")
if(CMAKE_USE_PTHREADS_INIT)
  list(APPEND libs -pthread)
endif()
foreach(library IN LISTS CMAKE_DL_LIBS)
  list(APPEND libs -l${library})
endforeach()
if(FAPILOG_FMT_HEADER_ONLY)
  # With Requires.private, pkg-config adds fmt's include path but not its library.
  fapilog_add_pc(fapilog "${PROJECT_DESCRIPTION}"
    CFLAGS ${cflags} -DFMT_HEADER_ONLY=1 REQUIRES_PRIVATE "fmt >= ${fapilog_fmt_minimum}" LIBS ${libs})
else()
  fapilog_add_pc(fapilog "${PROJECT_DESCRIPTION}"
    CFLAGS ${cflags} REQUIRES "fmt >= ${fapilog_fmt_minimum}" LIBS ${libs})
endif()
if("json" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-json "fapilog with nlohmann's JSON: settings and values"
    REQUIRES "fapilog = ${PROJECT_VERSION}, nlohmann_json")
endif()
if("grpc" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-grpc "The OTLP sink of fapilog over gRPC"
    REQUIRES "fapilog = ${PROJECT_VERSION}, grpc++")
endif()
if("http" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-http "The sinks of fapilog over HTTP"
    REQUIRES "fapilog = ${PROJECT_VERSION}, libcurl")
endif()
if("kafka" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-kafka "The Kafka sink of fapilog"
    REQUIRES "fapilog = ${PROJECT_VERSION}, rdkafka")
endif()
if("nats" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-nats "The NATS sink of fapilog"
    REQUIRES "fapilog = ${PROJECT_VERSION}, libnats")
endif()
if("postgres" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-postgres "The Postgres sink of fapilog"
    REQUIRES "fapilog = ${PROJECT_VERSION}, libpqxx")
endif()
if("tls" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-tls "The syslog sink of fapilog over TLS"
    REQUIRES "fapilog = ${PROJECT_VERSION}, openssl")
endif()
if("zlib" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-zlib "fapilog that compresses rotated files"
    CFLAGS -DFAPILOG_WITH_ZLIB=1 REQUIRES "fapilog = ${PROJECT_VERSION}, zlib")
endif()
if("zstd" IN_LIST fapilog_components)
  fapilog_add_pc(fapilog-zstd "fapilog that compresses requests with zstd"
    CFLAGS -DFAPILOG_WITH_ZSTD=1 REQUIRES "fapilog = ${PROJECT_VERSION}, libzstd")
endif()
