# SPDX-License-Identifier: MIT
# Completion of bash for the command line tool fapilog.
_fapilog() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'show filter count verify recover spool config ddl --help --version' -- "$word")
    return
  fi
  local chosen='--since --until --follow --limit --invert --help'
  case ${COMP_WORDS[1]} in
    show) options="$chosen --pattern --local --colours" ;;
    filter) options="$chosen --strict" ;;
    count) options="$chosen --by" ;;
    config) options='check schema --preset --environment --help' ;;
    ddl) options='--layout --preset --help' ;;
    spool) options='list print replay --sink --preset --help' ;;
    verify) options='--help' ;;
    recover) options='--settings --preset --list --help' ;;
  esac
  case $before in
    --colours) mapfile -t COMPREPLY < <(compgen -W 'always never auto' -- "$word") && return ;;
    --preset) mapfile -t COMPREPLY < <(compgen -W 'minimal dev production serverless hardened' -- "$word") && return ;;
    --layout) mapfile -t COMPREPLY < <(compgen -W 'plain partitioned timescale citus' -- "$word") && return ;;
    spool) mapfile -t COMPREPLY < <(compgen -W 'list print replay' -- "$word") && return ;;
    config) mapfile -t COMPREPLY < <(compgen -W 'check schema' -- "$word") && return ;;
    --by) mapfile -t COMPREPLY < <(compgen -W 'level logger message' -- "$word") && return ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [[ ${COMP_WORDS[1]} != @(recover|spool) && $word == l* ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'level\>=warning level\>=error logger=' -f -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -o filenames -F _fapilog fapilog
