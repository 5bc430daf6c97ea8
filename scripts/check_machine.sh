#!/usr/bin/env bash
# Says in a sentence what this machine lacks for the set-up.   scripts/check_machine.sh python|node|disk
python=${PYTHON:-python3}
free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')

case $1 in
  python)
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
      echo "Python 3.11 or newer is needed, and $python is $("$python" --version 2>/dev/null || echo 'not there')." \
        "Install it, or name it: make PYTHON=python3.12" >&2
      exit 1
    }
    "$python" -c 'import ensurepip, venv' 2>/dev/null || {
      echo "This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2
      exit 1
    }
    ;;
  node)
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null || {
      echo "Node 20 or newer, with npm, is needed, and this is $(node --version 2>/dev/null || echo 'a machine without it')." \
        "Get it from https://nodejs.org or your distribution, and run make again." >&2
      exit 1
    }
    ;;
  disk)
    [[ -w . && (! -e build || -w build) ]] || {
      echo "$PWD cannot be written, and the set-up installs and builds in it: give $(id -un) the right to it, or clone elsewhere." >&2
      exit 1
    }
    ((free_kb > 1500000)) || {
      echo "The disk is nearly full: the set-up needs 1.5 GB in $PWD, and $((free_kb / 1000)) MB are free." >&2
      exit 1
    }
    ;;
esac
