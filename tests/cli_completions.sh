#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: cli_completions.sh TOOL COMPLETIONS
#
# Runs the completions of the command line tool in bash, and in zsh and fish if they are installed. Each must offer every
# command that the tool has, and the arguments of one.
set -euo pipefail
tool=$1 folder=$2
commands=$("$tool" --help | sed -n '/^commands:/,$s/^  \([a-z]*\) .*/\1/p')
[[ $commands == *recover* ]]
failures=0
# compare SHELL LINE OFFERED WANTED...
compare() {
  local shell=$1 line=$2 offered=$3 wanted
  shift 3
  for wanted in "$@"; do
    grep -qxF -e "$wanted" <<<"$offered" && continue
    echo "$shell does not offer '$wanted' for '$line'"
    failures=$((failures + 1))
  done
}

complete_in_bash() { # WORD...
  bash --norc -c '
    source "$1"
    shift
    COMP_WORDS=(fapilog "$@") COMP_CWORD=$#
    _fapilog
    printf "%s\n" "${COMPREPLY[@]}"' bash "$folder/fapilog.bash" "$@"
}
compare bash '' "$(complete_in_bash '')" $commands --version
compare bash 'spool ' "$(complete_in_bash spool '')" list print replay
compare bash 'show --' "$(complete_in_bash show --)" --pattern --since
compare bash 'ddl --layout ' "$(complete_in_bash ddl --layout '')" timescale

if command -v zsh >/dev/null; then
  # Completion itself needs a terminal, so its two functions print what they are given.
  complete_in_zsh() { # WORD...
    zsh -f -c '
      _describe() { printf "%s\n" ${(P)2%%:*} }
      _arguments() { print -l -- ${${@##\(*\)}%%\[*} ${${(M)@:#*:\(*\)}##*:}; }
      file=$1
      shift
      words=(fapilog "$@") CURRENT=$(($# + 1))
      source $file' zsh "$folder/_fapilog" "$@" | tr -d '()' | tr ' ' '\n'
  }
  compare zsh '' "$(complete_in_zsh '')" $commands
  compare zsh 'spool ' "$(complete_in_zsh spool '')" list print replay --sink
  compare zsh 'show --' "$(complete_in_zsh show --)" --pattern --since
else
  echo 'zsh is not installed (Debian: zsh): its completions are not tested'
fi

if command -v fish >/dev/null; then
  complete_in_fish() { # LINE
    fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$folder/fapilog.fish" "$1" | cut -f1
  }
  compare fish '' "$(complete_in_fish 'fapilog ')" $commands
  compare fish 'spool ' "$(complete_in_fish 'fapilog spool ')" list print replay
  compare fish 'show --' "$(complete_in_fish 'fapilog show --')" --pattern --since --follow
else
  echo 'fish is not installed (Debian: fish): its completions are not tested'
fi
exit $((failures != 0))
