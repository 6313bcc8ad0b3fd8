#!/usr/bin/env bash
# All tests, from nothing: builds PJSIP, installs the test peers, runs every ring of
# tests, and prints a summary. `make test` calls it. Exit code 0 when all that could
# run passed.
#
#   TEST_LOGS=DIR  keeps the full output of every step there
set -uo pipefail
cd "$(dirname "$0")/.."

logs=${TEST_LOGS:-$(mktemp -d)}
mkdir -p "$logs"
passed=0 failed=0
# What shows in short whether everything works with one processor for Go.
quick='Call|Hold|Early|DialWait|Audio|Random|Stale|DuringClose'
declare -a summary=() missing=()

# step NAME COMMAND...: runs COMMAND, shows one line, and the end of its output when it
# fails. Exit code 3 of COMMAND means that this machine does not allow it.
step() {
	local name=$1 log code=0 from=$SECONDS p f line
	shift
	log=$logs/${name// /-}.log
	printf '== %s\n' "$name"
	"$@" >"$log" 2>&1 || code=$?
	p=$(grep -cE '^ *--- PASS' "$log") || true
	f=$(grep -cE '^ *--- FAIL' "$log") || true
	if [ "$code" -eq 3 ]; then
		missing+=("$name: $(tail -n 1 "$log")")
		line="not run"
	elif [ "$code" -ne 0 ] || [ "$f" -gt 0 ]; then
		[ "$f" -gt 0 ] || f=1
		# With -v a test's words stand before its verdict.
		grep -E -B 20 '^ *--- FAIL' "$log" | head -n 150
		grep -E -A 30 '^panic:|DATA RACE|ERROR: AddressSanitizer|^FAIL' "$log" | head -n 150
		printf -- '-- the end of %s\n' "$log"
		tail -n 40 "$log"
		line="FAILED"
	else
		[ "$p" -gt 0 ] || p=1
		line="ok"
	fi
	passed=$((passed + p)) failed=$((failed + f))
	line=$(printf '%-28s %-8s %5d passed %3d failed %5d s' "$name" "$line" "$p" "$f" $((SECONDS - from)))
	printf '   %s\n' "$line"
	summary+=("$line")
}

netns() { test/peers/netns.sh "$@"; }

csan() {
	local dir san
	dir=$(mktemp -d)
	for san in address,undefined thread; do
		"${CC:-cc}" -std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize="$san" -o "$dir/selftest" \
			cbridge/queue.c cbridge/ring.c cbridge/selftest.c -lpthread && "$dir/selftest" || return 1
	done
	rm -rf "$dir"
}

trap 'exit 130' INT TERM

# What needs no PJSIP comes first: it is all that a machine without the packages can do.
step "modules" go mod download
step "without cgo" env CGO_ENABLED=0 go test -v ./...
step "PJSIP" third_party/pjsip/build.sh --test
if [ "${OS:-}" = Windows_NT ] && [ "$failed" -eq 0 ]; then
	# The peers are Debian's, and so is what the other steps start.
	missing+=("on Windows: lint, the sanitizers and all tests against real peers")
	step "build" make build
	eval "$(third_party/pjsip/build.sh --print-env)"
	step "with cgo" go test -v -timeout 25m ./...
	step "demo" bin/offhook.exe demo
elif [ "$failed" -eq 0 ] && [ "${#missing[@]}" -eq 0 ]; then
	eval "$(third_party/pjsip/build.sh --print-env)"
	# Among them is the voice that tests of prompts speak with.
	step "peers" test/peers/install.sh
	step "build" make build
	step "windows" test/exe.sh --twice
	step "lint" test/lint.sh
	step "C under sanitizers" csan
	# One package at a time: audio in real time suffers from another one's computing.
	step "race" go test -v -p 1 -timeout 25m -race ./...
	step "one processor" env GOMAXPROCS=1 go test -v -timeout 15m -run "$quick" ./pjsua
	step "PJSIP debug and asan" test/debug.sh
	step "api coverage" go run ./pjsua/internal/apicoverage -check
	step "real peers" netns go test -v -p 1 -timeout 40m -tags integration ./test/...
	step "demo" netns bin/offhook demo
else
	missing+=("everything else needs PJSIP: build, lint, race, real peers, demo")
fi

printf '\n'
printf '%s\n' "${summary[@]}"
if [ "${#missing[@]}" -gt 0 ]; then
	printf '\n%d steps could not run on this machine:\n' "${#missing[@]}"
	printf '  %s\n' "${missing[@]}"
fi
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
