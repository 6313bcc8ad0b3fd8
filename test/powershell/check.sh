#!/usr/bin/env bash
# Checks PowerShell scripts without PowerShell, which Debian does not have: by a grammar of it, and by the
# rules in rules.cjs. Without arguments, all scripts of this repository. test/lint.sh calls it.
#
# The grammar is an npm package, pinned in package-lock.json; the tree that npm makes lies in the cache, named
# after the hash of that file.
#
# Exit codes: 0 nothing is wrong; 1 something is; 3 Node.js or npm is missing and we may not install it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/test/powershell

cache=${OFFHOOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/offhook}/powershell
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac

die()  { printf 'powershell: error: %s\n' "$*" >&2; exit "${code:-1}"; }
have() { command -v "$1" >/dev/null 2>&1; }

# need_node installs Node.js and npm where that is the system's way and we may.
need_node() {
	local sudo="" apt
	! { have node && have npm; } || return 0
	have apt-get || code=3 die "the check of build.ps1 needs Node.js 18 or newer, and npm: install them"
	if [ "$(id -u)" != 0 ]; then
		sudo -n true 2>/dev/null || code=3 die "the check of build.ps1 needs: sudo apt-get install --no-install-recommends nodejs npm"
		sudo="sudo -n"
	fi
	printf 'powershell: installing nodejs and npm\n' >&2
	apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=400"
	# The lists may be absent (a fresh container) or old; only then are they fetched.
	$apt install -y --no-install-recommends nodejs npm >&2 ||
		{ $apt update >&2 && $apt install -y --no-install-recommends nodejs npm >&2; } ||
		die "apt-get could not install nodejs and npm"
}

modules=$cache/$(sha256sum "$here/package-lock.json" | cut -c1-16)
need_node
if [ ! -d "$modules" ]; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/new.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	cp "$here/package.json" "$here/package-lock.json" "$work"
	(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || die "npm could not get the grammar of PowerShell"
	# Where another run was faster, its tree is as good.
	mv -T "$work" "$modules" 2>/dev/null || [ -d "$modules" ]
fi

# Without the flag, compiling the grammar takes ten seconds.
check() { NODE_PATH=$modules/node_modules node --liftoff-only "$@"; }

check "$here/selftest.cjs" || die "the checker itself is wrong"
[ $# -gt 0 ] || set -- $(git ls-files '*.ps1')
check "$here/check.cjs" "$@"
