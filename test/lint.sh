#!/usr/bin/env bash
# Lint: exits non-zero and says what is wrong. `make lint` calls it.
set -euo pipefail
cd "$(dirname "$0")/.."
eval "$(third_party/pjsip/build.sh --print-env)"

bad=$(gofmt -l $(git ls-files '*.go'))
[ -z "$bad" ] || { printf 'not gofmt:\n%s\n' "$bad"; exit 1; }
go vet -tags integration ./... # which leaves nothing out
CGO_ENABLED=0 go vet ./...
go tool staticcheck -tags integration ./...

flags=$(pkg-config --cflags libpjproject)
for c in cbridge/*.c; do
	# PJSIP's own headers are not ours to mend.
	# shellcheck disable=SC2086
	"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -Werror -Wshadow -Wvla ${flags//-I/-isystem } -c -o /dev/null "$c"
done
for sh in $(git ls-files '*.sh' .ci/run); do
	bash -n "$sh"
done
test/powershell/check.sh
echo "lint: clean"
