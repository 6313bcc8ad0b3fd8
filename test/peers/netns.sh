#!/bin/sh
# netns.sh COMMAND [ARGUMENT...]
# Runs COMMAND in a network namespace that has loopback only, and in a process namespace of its own: no packet
# leaves, no port is taken, and whatever COMMAND leaves running ends with it. Root is not needed where the system
# lets users make namespaces. The exit code is COMMAND's; 3 when no namespace can be made (COMMAND did not run).
# COMMAND has no network: download Go modules before.
set -eu
if [ "$#" -eq 0 ]; then
	echo "usage: $0 COMMAND [ARGUMENT...]" >&2
	exit 2
fi
spaces="--net --pid --fork --kill-child --mount-proc"
[ "$(id -u)" -eq 0 ] || spaces="--map-root-user $spaces"

missing=
for tool in unshare ip; do
	command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
if [ -n "$missing" ]; then
	echo "netns.sh: not found:$missing (Debian: util-linux, iproute2)" >&2
	exit 3
fi
# shellcheck disable=SC2086 # options, split on purpose
if ! why=$(unshare $spaces ip link set lo up 2>&1); then
	echo "netns.sh: this system lets us make no network namespace: $why" >&2
	echo "netns.sh: run as root, or allow unprivileged user namespaces" >&2
	exit 3
fi
# The inner shell stays as the namespace's first process, to collect what COMMAND leaves behind.
# shellcheck disable=SC2086,SC2016
exec unshare $spaces sh -c 'ip link set lo up; "$@"; exit $?' netns.sh "$@"
