#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/programs/two_compilers.sh link|refuse COMPILER OTHER_COMPILER INCLUDE_FOLDER LIBFMT WORK_FOLDER
#
# Compiles two units, one by each compiler, links them and runs the program, and the other way round. `refuse`: a compiler without
# std::source_location has another layout of call sites, so the units must not link.
set -euo pipefail
what=$1 work=$6
sources=$(cd "$(dirname "$0")/two_compilers" && pwd)
mkdir -p "$work"

compile() { "$1" -std=c++20 -I"$3" -c "$sources/$2.cpp" -o "$work/$2.o"; }

for pair in "$2 $3" "$3 $2"; do
  read -r first second <<<"$pair"
  compile "$first" main "$4"
  compile "$second" other "$4"
  if "$2" "$work/main.o" "$work/other.o" -o "$work/program" "$5" -pthread 2>"$work/link.log"; then
    [[ $what == link ]] || { echo "units of $first and $second link" >&2; exit 1; }
    "$work/program"
  else
    [[ $what == refuse ]] && grep -q log_in_other_unit "$work/link.log" || { cat "$work/link.log" >&2; exit 1; }
  fi
done
