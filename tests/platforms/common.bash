# SPDX-License-Identifier: MIT
# What the scripts of all emulated platforms share: their arguments, their folder and the end of their output. Sourced after
# `packages` is set.
#
# usage: tests/platforms/<platform>.sh [--packages | --quick] [--jobs N]
#
#   --packages   print the packages that the platform needs
#   --quick      the small program alone; status 77 if a tool is missing
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

quick=false
jobs=$(nproc)
while (($#)); do
  case $1 in
    --packages)
      printf '%s\n' "${packages[@]}"
      exit 0
      ;;
    --quick) quick=true ;;
    --jobs)
      jobs=$2
      shift
      ;;
    *)
      sed -n '/^# usage:/,/^set /{/^set /d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}" >&2
      exit 2
      ;;
  esac
  shift
done

platform=$(basename "$0" .sh)
build=$PWD/build/platforms/$platform
passed=0
failures=()

# Prints the result as tests/run.sh does, and ends.
finish() {
  printf '\n'
  ((${#failures[@]} == 0)) || printf 'failed: %s\n' "${failures[@]}"
  printf '%d passed, %d failed\n' "$passed" "${#failures[@]}"
  ((${#failures[@]} == 0))
  exit
}

# Of the outside libraries nothing but their headers: the others in their folder are those of this machine.
mkdir -p "$build/outside"
for library in fmt nlohmann catch2; do
  for folder in "${FAPILOG_OUTSIDE_INCLUDE:-/usr/include}" /usr/local/include /usr/include; do
    [[ -e $build/outside/$library || ! -e $folder/$library ]] || ln -s "$folder/$library" "$build/outside/$library"
  done
done
