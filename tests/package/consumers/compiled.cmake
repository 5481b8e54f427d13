# SPDX-License-Identifier: MIT
# Read by project(consumer): it takes the runtime from COMPILED_LIBRARIES instead of compiling it. They are linked before the
# libraries of the package, so that one which the package forgets is still missed.
string(REPLACE "," ";" libraries "${COMPILED_LIBRARIES}")
add_compile_definitions(FAPILOG_COMPILED)
link_libraries(${libraries})
