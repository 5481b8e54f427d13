# SPDX-License-Identifier: MIT
# Dependencies and components: they are found if possible, and fetched only if they are required and that is allowed.

# Sources of dependencies that are fetched: commits, because a tag can be moved.
set(fapilog_source_fmt # 11.2.0
    https://github.com/fmtlib/fmt.git 40626af88bd7df9a5fb80be7b25ac85b122d6c21)
set(fapilog_source_nlohmann_json # 3.11.3
    https://github.com/nlohmann/json.git 9cca280a4d0ccf0c08f47a99aa71d1b0e52f8d03)
set(fapilog_source_Catch2 # 3.7.1
    https://github.com/catchorg/Catch2.git fa43b77429ba76c462b1898d6cd2f2d7a9416b14)

# Their names in FetchContent, which a parent project declares or overrides with FETCHCONTENT_SOURCE_DIR_<NAME>.
set(fapilog_content_fmt fmt)
set(fapilog_content_nlohmann_json json)
set(fapilog_content_Catch2 Catch2)

# Fetches `package` from its repository. It is installed with fapilog, because an installed fapilog needs it.
macro(fapilog_fetch package)
  include(FetchContent)
  list(GET fapilog_source_${package} 0 fapilog_repository)
  list(GET fapilog_source_${package} 1 fapilog_commit)
  message(STATUS "fapilog: ${package} was not found: fetching it (FAPILOG_FETCH_DEPS=OFF forbids that)")
  set(fapilog_system "")
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.25)
    set(fapilog_system SYSTEM)
  endif()
  set(FMT_INSTALL ${FAPILOG_INSTALL})
  set(JSON_Install ${FAPILOG_INSTALL})
  set(JSON_BuildTests OFF)
  FetchContent_Declare(${fapilog_content_${package}}
    GIT_REPOSITORY ${fapilog_repository} GIT_TAG ${fapilog_commit} ${fapilog_system})
  FetchContent_MakeAvailable(${fapilog_content_${package}})
endmacro()

function(fapilog_find_fmt minimum)
  if(NOT TARGET fmt::fmt)
    find_package(fmt ${minimum} CONFIG QUIET)
  endif()
  if(NOT TARGET fmt::fmt)
    if(NOT FAPILOG_FETCH_DEPS)
      message(FATAL_ERROR "fapilog: fmt ${minimum} or newer was not found, and FAPILOG_FETCH_DEPS is off. "
                          "Install it (Debian: libfmt-dev, vcpkg: fmt) or set fmt_DIR.")
    endif()
    fapilog_fetch(fmt)
  endif()
endfunction()

# fapilog_add_component(<name> HEADERS <headers of it> PACKAGE <package> [VERSION <minimum>] TARGET <its target>
#                       [DEFINITIONS ...])
# Creates fapilog::<name> and appends <name> to the global property FAPILOG_COMPONENTS.
function(fapilog_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PACKAGE;VERSION;TARGET" "HEADERS;DEFINITIONS")
  string(TOUPPER "${name}" upper)
  string(TOUPPER "${FAPILOG_WITH_${upper}}" choice)
  # The tests read which headers need which component.
  set_property(GLOBAL APPEND PROPERTY FAPILOG_COMPONENT_NAMES ${name})
  set_property(GLOBAL PROPERTY FAPILOG_COMPONENT_HEADERS_${name} "${arg_HEADERS}")

  if(choice STREQUAL "AUTO")
    set(required FALSE)
  elseif(choice)
    set(required TRUE)
  else()
    message(STATUS "fapilog: component ${name}: off")
    return()
  endif()
  if(NOT TARGET ${arg_TARGET})
    list(PREPEND CMAKE_MODULE_PATH "${PROJECT_SOURCE_DIR}/packaging/cmake") # Findlibpqxx
    find_package(${arg_PACKAGE} ${arg_VERSION} QUIET)
  endif()
  if(NOT TARGET ${arg_TARGET} AND required)
    if(FAPILOG_FETCH_DEPS AND DEFINED fapilog_source_${arg_PACKAGE})
      fapilog_fetch(${arg_PACKAGE})
    else()
      message(FATAL_ERROR "fapilog: FAPILOG_WITH_${upper} is on, but ${arg_PACKAGE} ${arg_VERSION} was not found")
    endif()
  endif()
  if(NOT TARGET ${arg_TARGET})
    message(STATUS "fapilog: component ${name}: off (${arg_PACKAGE} was not found)")
    return()
  endif()

  message(STATUS "fapilog: component ${name}: on")
  add_library(fapilog_${name} INTERFACE)
  add_library(fapilog::${name} ALIAS fapilog_${name})
  set_target_properties(fapilog_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(fapilog_${name} INTERFACE fapilog ${arg_TARGET})
  target_compile_definitions(fapilog_${name} INTERFACE ${arg_DEFINITIONS})
  set_property(GLOBAL APPEND PROPERTY FAPILOG_COMPONENTS ${name})
endfunction()

# fapilog_add_integration(<library> HEADERS <headers that include it>)
# A header for a program that uses the library anyway: the program links both, so there is no component. The tests read
# which headers need which library.
function(fapilog_add_integration name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS")
  set_property(GLOBAL APPEND PROPERTY FAPILOG_COMPONENT_NAMES ${name})
  set_property(GLOBAL PROPERTY FAPILOG_COMPONENT_HEADERS_${name} "${arg_HEADERS}")
endfunction()

# Finds the libraries of the integrations, for tests and examples. They are left out if one is missing.
macro(fapilog_find_integrations)
  if(NOT TARGET spdlog::spdlog)
    find_package(spdlog CONFIG QUIET)
  endif()
  if(NOT TARGET httplib::httplib)
    find_package(httplib CONFIG QUIET)
  endif()
  if(NOT TARGET httplib::httplib) # Debian has only a pkg-config file
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(FAPILOG_HTTPLIB QUIET IMPORTED_TARGET cpp-httplib)
    endif()
    if(FAPILOG_HTTPLIB_FOUND)
      add_library(httplib::httplib ALIAS PkgConfig::FAPILOG_HTTPLIB)
    endif()
  endif()
  if(NOT TARGET Grpcpp::grpc++)
    list(PREPEND CMAKE_MODULE_PATH "${PROJECT_SOURCE_DIR}/packaging/cmake") # FindGrpcpp
    find_package(Grpcpp QUIET)
    list(POP_FRONT CMAKE_MODULE_PATH)
  endif()
  if(NOT TARGET opentelemetry-cpp::api)
    find_package(opentelemetry-cpp CONFIG QUIET COMPONENTS api)
  endif()
  if(NOT TARGET Boost::log)
    find_package(Boost 1.74 QUIET CONFIG OPTIONAL_COMPONENTS log)
  endif()
  if(NOT TARGET glog::glog)
    find_package(glog CONFIG QUIET)
  endif()
  if(NOT TARGET glog::glog) # Debian's package does not find its own dependency
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(FAPILOG_GLOG QUIET IMPORTED_TARGET libglog)
    endif()
    if(FAPILOG_GLOG_FOUND)
      add_library(glog::glog ALIAS PkgConfig::FAPILOG_GLOG)
    endif()
  endif()
endmacro()

# Imported targets are visible in the directory that found them and below, but a parent that links fapilog by
# add_subdirectory needs them, too. All targets of a package are shown together, so that none is missing if the parent looks
# for the same package.
function(fapilog_show_found_targets_to_parents)
  get_property(found DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS found)
    get_target_property(is_global ${target} IMPORTED_GLOBAL)
    if(NOT is_global)
      set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
  endforeach()
endfunction()
