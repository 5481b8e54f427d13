#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/programs/under_gdb.sh GDB CRASH_PROGRAM WORK_FOLDER
#
# A debugger sees a crash where it happens, before the crash handler runs; continued, the program writes its records and ends by the
# same signal.
set -euo pipefail
gdb=$1 program=$2 work=$3
mkdir -p "$work"
"$gdb" -q -batch -ex run --args /bin/true 2>&1 | grep -q "exited normally" || { echo "skipped: gdb cannot run a program here"; exit 77; }
for way in abort segv throw; do
  signal=SIGABRT
  [[ $way != segv ]] || signal=SIGSEGV
  rm -f "$work/app.log"
  "$gdb" -q -batch -ex run -ex 'bt 30' -ex "handle $signal nostop pass" -ex continue --args "$program" "$work/app.log" "$way" \
    >"$work/gdb.log" 2>&1
  grep -q "received signal $signal" "$work/gdb.log" && grep -q ' main ' "$work/gdb.log" &&
    grep -q "Program terminated with signal $signal" "$work/gdb.log" &&
    [[ $(wc -l <"$work/app.log") == 1001 ]] && tail -n 1 "$work/app.log" | grep -q "the process crashed with $signal" ||
    { echo "$way: $(wc -l <"$work/app.log") lines"; cat "$work/gdb.log"; exit 1; }
done
