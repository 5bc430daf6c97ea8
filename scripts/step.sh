#!/usr/bin/env bash
# Runs one step of the set-up: says what it does and how long it took; what it printed goes to a log.
#   scripts/step.sh "Python packages" COMMAND…
name=$1
shift
mkdir -p build/logs
log="build/logs/${name// /-}.log"
started=${EPOCHREALTIME/[.,]/}

printf '%s…\n' "$name"
if "$@" >"$log" 2>&1; then
  tenths=$(((${EPOCHREALTIME/[.,]/} - started) / 100000))
  printf '%s: %d.%d s\n' "$name" $((tenths / 10)) $((tenths % 10))
  exit 0
fi
{
  tail -n 20 "$log"
  printf '\n%s did not work out. All it printed is in %s.\n' "$name" "$log"
  if grep -qE 'No space left|ENOSPC|Disk quota' "$log"; then
    echo "The disk is full: free 2 GB where this project and your home folder are, and run make again."
  elif grep -qiE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|dns error|name resolution|Network is unreachable|error sending request' "$log"; then
    echo "A package registry could not be reached: check the network or the proxy, and run make again."
  fi
} >&2
exit 1
