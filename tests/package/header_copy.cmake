# SPDX-License-Identifier: MIT
# Copied headers and one call of the compiler, with many warnings on.
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(folder "${WORK}/header_copy")
file(REMOVE_RECURSE "${folder}")
file(COPY "${FAPILOG_SOURCE}/include/fapilog" DESTINATION "${folder}/include")
run("${CXX}" -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I "${folder}/include" ${FMT_COMPILE}
    "${programs}/one_line.cpp" ${FMT_LINK} -pthread -o "${folder}/one_line")
run_one_line("${folder}/one_line")
