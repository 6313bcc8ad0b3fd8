#!/usr/bin/env bash
# Compiles what Windows shows of offhook.exe, and the code page that it runs in, into
# cmd/offhook/resources_windows_amd64.syso, which go build links by its name.
#
#   cmd/offhook/windows/resources.sh VERSION
set -euo pipefail
cd "$(dirname "$0")"

version=${1:?usage: resources.sh VERSION}
case $version in *[!A-Za-z0-9.+_-]*) echo "resources.sh: strange version $version" >&2; exit 1 ;; esac
numbers=0,0,0,0
if [[ $version =~ ^v?([0-9]+)\.([0-9]+)(\.([0-9]+))? ]]; then
	numbers=${BASH_REMATCH[1]},${BASH_REMATCH[2]},${BASH_REMATCH[4]:-0},0
fi
windres=x86_64-w64-mingw32-windres
command -v $windres >/dev/null || windres=windres # MSYS2's
$windres -D "NUMBERS=$numbers" -D "VERSION=$version" -O coff -i offhook.rc -o ../resources_windows_amd64.syso
