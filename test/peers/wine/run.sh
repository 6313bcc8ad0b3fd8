#!/usr/bin/env bash
# run.sh PROGRAM.exe [ARGUMENT...]
# Runs a Windows program under wine, in a prefix of its own that ends with it. So the tests
# of Windows files run on Linux:
#
#   GOOS=windows CGO_ENABLED=0 go test -exec "$PWD/test/peers/wine/run.sh" ./engine/...
#
# Wine 8.0 has no AF_UNIX, and Go's UDP sockets, os.RemoveAll and so the clean-up of
# t.TempDir fail there. The exit code is the program's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { echo "usage: run.sh PROGRAM.exe [ARGUMENT...]" >&2; exit 2; }

dir=$(mktemp -d)
trap '"$here/prefix.sh" --end "$dir/wine"; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
"$here/prefix.sh" "$dir/wine"
unset DISPLAY WAYLAND_DISPLAY
export WINEPREFIX=$dir/wine LANG=C.UTF-8 WINEARCH=win64 WINEDEBUG=${WINEDEBUG:--all}
export WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
# The services of wine must not keep the output of the program open.
wineserver -p </dev/null >/dev/null 2>&1
wineboot </dev/null >/dev/null 2>&1
code=0
wine "$@" || code=$?
exit $code
