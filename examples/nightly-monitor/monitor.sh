#!/bin/sh
# Runs scenarios, keeps the reports of the last runs, and tells somebody when a run has failed
# twice in a row, and when it passes again.
#
# usage: monitor.sh SCENARIO... [FLAGS OF offhook test]
#
# environment: MONITOR_DIR   where the reports and the state are kept (default ./monitor)
#              MONITOR_ALERT a command that tells: it gets the subject as its argument, and the
#                            summary in Markdown on its standard input, as mail -s does
#              MONITOR_KEEP  how many reports are kept (default 30)
#              OFFHOOK       the program (default offhook)
set -eu
dir=${MONITOR_DIR:-monitor}
run=$dir/$(date -u +%Y-%m-%dT%H-%M-%SZ)
mkdir -p "$run"

code=0
"${OFFHOOK:-offhook}" test "$@" --report "$run" || code=$?
[ "$code" -le 2 ] || exit "$code" # interrupted

failures=$(cat "$dir/failures" 2>/dev/null || echo 0)
tell() {
	[ -z "${MONITOR_ALERT:-}" ] && return
	{ [ -f "$run/summary.md" ] && cat "$run/summary.md" || echo "offhook test could not run: exit code $code"; } |
		sh -c "$MONITOR_ALERT \"\$1\"" sh "$1" || echo "monitor: the alert failed" >&2
}
if [ "$code" -eq 0 ]; then
	[ "$failures" -ge 2 ] && tell "IVR: it passes again"
	failures=0
else
	failures=$((failures + 1))
	[ "$failures" -eq 2 ] && tell "IVR: it failed twice in a row"
fi
echo "$failures" >"$dir/failures"

# The names sort by time.
ls -d "$dir"/20* | sort -r | tail -n +$((${MONITOR_KEEP:-30} + 1)) | while read -r old; do rm -rf "$old"; done
exit "$code"
