# SPDX-License-Identifier: MIT
# The files of a release: a rehearsal in this repository. Checksums, content, bill of materials, port; and what is refused.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(folder "${WORK}/release")
file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}")
# A clone, because the version must be that of a commit and files may be changed here.
run(git clone --quiet --no-hardlinks "${FAPILOG_SOURCE}" "${folder}/clone")
set(script "${folder}/clone/packaging/release")
configure_file("${FAPILOG_SOURCE}/packaging/release" "${script}" COPYONLY)
run("${script}" --rehearse --repository somebody/fapilog "${folder}/files")
run("${script}" --rehearse --repository somebody/fapilog "${folder}/again")

file(GLOB archive RELATIVE "${folder}/files" "${folder}/files/fapilog-*-include.tar.gz")
string(REGEX REPLACE "-include.tar.gz$" "" name "${archive}")
foreach(file IN ITEMS ${name}.tar.gz ${name}-include.tar.gz ${name}.spdx.json SHA256SUMS)
  file(SHA256 "${folder}/files/${file}" first)
  file(SHA256 "${folder}/again/${file}" second)
  if(NOT first STREQUAL second)
    message(FATAL_ERROR "${file} differs from one run to the next")
  endif()
endforeach()
execute_process(COMMAND sha256sum --check --quiet SHA256SUMS WORKING_DIRECTORY "${folder}/files" COMMAND_ERROR_IS_FATAL ANY)

file(ARCHIVE_EXTRACT INPUT "${folder}/files/${name}-include.tar.gz" DESTINATION "${folder}/include")
file(ARCHIVE_EXTRACT INPUT "${folder}/files/${name}.tar.gz" DESTINATION "${folder}/source")
foreach(file IN ITEMS include/${name}/include/fapilog/fapilog.hpp include/${name}/LICENSE source/${name}/CMakeLists.txt
                      source/${name}/packaging/vcpkg/ports/fapilog/portfile.cmake)
  if(NOT EXISTS "${folder}/${file}")
    message(FATAL_ERROR "the archives have no ${file}")
  endif()
endforeach()

file(READ "${folder}/files/${name}.spdx.json" sbom)
string(JSON packages LENGTH "${sbom}" packages)
string(JSON relations LENGTH "${sbom}" relationships)
string(JSON version GET "${sbom}" packages 0 versionInfo)
string(JSON checksum GET "${sbom}" packages 0 checksums 0 checksumValue)
file(SHA256 "${folder}/files/${name}.tar.gz" wanted)
if(NOT packages EQUAL 11 OR NOT relations EQUAL 11 OR NOT name STREQUAL "fapilog-${version}" OR NOT checksum STREQUAL wanted)
  message(FATAL_ERROR "the bill of materials is wrong:\n${sbom}")
endif()

file(READ "${folder}/files/vcpkg/ports/fapilog/portfile.cmake" port)
file(READ "${folder}/files/vcpkg/ports/fapilog/vcpkg.json" manifest)
string(JSON homepage GET "${manifest}" homepage)
if(NOT homepage STREQUAL "https://github.com/somebody/fapilog" OR NOT port MATCHES "vcpkg_from_github\\(" OR port MATCHES "overlay")
  message(FATAL_ERROR "the port for the registry is wrong:\n${manifest}\n${port}")
endif()

# A release that is not ready is refused.
file(APPEND "${folder}/clone/README.md" "\n")
refuse("CHANGELOG.md has no section|there are changed files" "${script}" "${folder}/refused")
