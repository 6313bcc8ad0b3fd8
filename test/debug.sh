#!/usr/bin/env bash
# The binding's tests with PJSIP's assertions on and everything under AddressSanitizer.
# `make test-debug` and test/run.sh call it.
#
#   test/debug.sh [flags of go test]
set -euo pipefail
cd "$(dirname "$0")/.."

third_party/pjsip/build.sh --sanitize=address --test
eval "$(third_party/pjsip/build.sh --sanitize=address --print-env)"
# PJLIB keeps some memory until the process ends, as C programs do.
ASAN_OPTIONS=detect_leaks=0 go test -asan -v -timeout 25m "$@" ./cbridge ./pjsua
