# SPDX-License-Identifier: MIT
#[=======================================================================[.rst:
FindGrpcpp
----------

Finds gRPC for C++, by pkg-config if possible: the CMake package of Debian and Ubuntu needs libprotobuf-dev, which a program without
generated code has no use for.

Imported target: ``Grpcpp::grpc++``. Result variables: ``Grpcpp_FOUND``, ``Grpcpp_VERSION``.
#]=======================================================================]

if(TARGET Grpcpp::grpc++)
  set(Grpcpp_FOUND TRUE)
  return()
endif()

if(NOT TARGET gRPC::grpc++)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(PC_Grpcpp QUIET grpc++)
  endif()
endif()
set(Grpcpp_VERSION "${PC_Grpcpp_VERSION}")
find_path(Grpcpp_INCLUDE_DIR NAMES grpcpp/grpcpp.h HINTS ${PC_Grpcpp_INCLUDE_DIRS})
mark_as_advanced(Grpcpp_INCLUDE_DIR)

if(NOT TARGET gRPC::grpc++ AND NOT PC_Grpcpp_FOUND AND Grpcpp_INCLUDE_DIR)
  find_package(gRPC CONFIG QUIET)
  set(Grpcpp_VERSION "${gRPC_VERSION}")
endif()
set(Grpcpp_LINK_LIBRARIES "${PC_Grpcpp_LINK_LIBRARIES}")
if(TARGET gRPC::grpc++)
  set(Grpcpp_LINK_LIBRARIES gRPC::grpc++)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Grpcpp REQUIRED_VARS Grpcpp_LINK_LIBRARIES Grpcpp_INCLUDE_DIR VERSION_VAR Grpcpp_VERSION)

if(Grpcpp_FOUND)
  add_library(Grpcpp::grpc++ INTERFACE IMPORTED)
  set_target_properties(Grpcpp::grpc++ PROPERTIES
    INTERFACE_LINK_LIBRARIES "${Grpcpp_LINK_LIBRARIES}"
    INTERFACE_INCLUDE_DIRECTORIES "${Grpcpp_INCLUDE_DIR}")
endif()
