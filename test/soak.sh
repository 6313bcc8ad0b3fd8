#!/usr/bin/env bash
# Random sequences of commands for a long time, with another seed each time: with the
# release PJSIP, and then with the one whose assertions are on, under AddressSanitizer.
# `make soak` calls it.
#
#   SEQUENCES  in all, for each of the two (default 200,000 and a tenth of that)
#   SEED       the first seed (default: the day)
set -euo pipefail
cd "$(dirname "$0")/.."

sequences=${SEQUENCES:-200000}
seed=${SEED:-$(date +%Y%m%d)}
third_party/pjsip/build.sh
(
	eval "$(third_party/pjsip/build.sh --print-env)"
	OFFHOOK_SEQUENCES=$sequences OFFHOOK_SEED=$seed go test -count=1 -v -timeout 24h -run TestRandomCommands ./pjsua
)
OFFHOOK_SEQUENCES=$((sequences / 10)) OFFHOOK_SEED=$((seed + 1)) \
	test/debug.sh -count=1 -timeout 24h -run TestRandomCommands
