#!/usr/bin/env bash
# What can be said of offhook.exe without running it: all packages are clean for go vet on
# Windows, it builds, and it loads nothing but what Windows has. test/run.sh calls it;
# test/windows runs the program.
#
#   test/exe.sh --twice   also that the same source gives the same bytes in another folder
set -euo pipefail
cd "$(dirname "$0")/.."

GOOS=windows CGO_ENABLED=0 go vet ./...
version=$(git describe --tags --always --dirty)
make windows VERSION="$version"
go run ./test/exe bin/offhook.exe
[ "${1:-}" = --twice ] || exit 0

# What has the folder in its flags, package pjsua among it, is compiled again there.
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
git ls-files -z | while IFS= read -r -d '' f; do
	if [ -f "$f" ]; then printf '%s\0' "$f"; fi # not one that was removed since
done | tar -c --null -T - | tar -x -C "$other"
make -C "$other" windows VERSION="$version"
cmp bin/offhook.exe "$other/bin/offhook.exe" || {
	echo "offhook.exe is not the same when it is built in another folder"
	exit 1
}
echo "offhook.exe: $(wc -c <bin/offhook.exe) bytes, the same in both folders"
