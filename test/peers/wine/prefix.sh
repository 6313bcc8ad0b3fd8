#!/usr/bin/env bash
# prefix.sh DIR         makes at DIR, which must not exist yet, the Windows of one test: a wine
#                       prefix of 2 MB whose own registry and users are over a Windows folder
#                       that all share
# prefix.sh --template  makes sure of what all share, in the cache, and prints where it is
# prefix.sh --end DIR   ends every program of the prefix at DIR, and waits until they are gone
#
# What is shared takes 700 MB and some seconds to make, is named after a hash of what it is
# made of, and is complete or is not there: it is built under another name and renamed.
# Nothing writes to it after that. There is no X server: windows have wine's null driver.
#
# Exit codes: 0 done; 1 failed; 2 usage; 3 wine is not installed (test/peers/install.sh).

set -euo pipefail
umask 077
here=$(cd "$(dirname "$0")" && pwd)
cache=${OFFHOOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/offhook}/wine
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac

die() { printf 'wine prefix: %s\n' "$2" >&2; exit "$1"; }

# What programs of a prefix are started with; wine.go has the same.
unset DISPLAY WAYLAND_DISPLAY
export LANG=C.UTF-8 WINEARCH=win64 WINEDEBUG=-all
export WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' # no .NET, no browser, no desktop

key() {
	{
		wine --version
		id -un # it names the user's folder
		cat "$here/prefix.sh" "$here/bcryptprimitives.c"
	} | sha256sum | cut -c1-16
}

template() {
	local dir work link shim
	for tool in wine wineserver x86_64-w64-mingw32-gcc; do
		command -v $tool >/dev/null || die 3 "$tool is not installed: run test/peers/install.sh"
	done
	dir=$cache/$(key)
	if [ ! -d "$dir" ]; then
		mkdir -p "$cache"
		exec 9>"$cache/lock"
		flock 9 # two test binaries may begin at the same time
		[ -d "$dir" ] || build "$dir" 9>&-
		exec 9>&-
	fi
	echo "$dir"
}

# build makes the template. Programs that it starts must not keep the lock, nor its output.
build() {
	local work link
	work=$(mktemp -d "$cache/new.XXXXXX")
	trap 'end "$work"; rm -rf "$work"' EXIT
	export WINEPREFIX=$work
	# Wine would link the user's folders to those of $HOME.
	{
		HOME=$work wineboot -i
		wine reg add 'HKCU\Software\Wine\Drivers' /v Graphics /t REG_SZ /d null /f
		wine reg add 'HKCU\Software\Wine\WineDbg' /v ShowCrashDialog /t REG_DWORD /d 0 /f
	} </dev/null >"$work/log" 2>&1 || { cat "$work/log" >&2; die 1 "wine could not make a prefix"; }
	end "$work"
	find "$work/drive_c/users" -type l | while IFS= read -r link; do
		rm "$link"
		mkdir "$link"
	done
	if [ ! -e "$work/drive_c/windows/system32/bcryptprimitives.dll" ]; then # wine before 8.13
		x86_64-w64-mingw32-gcc -O2 -s -shared -Wall -Wextra -Werror -o "$work/drive_c/windows/system32/bcryptprimitives.dll" \
			"$here/bcryptprimitives.c" -ladvapi32
	fi
	mv -T "$work" "$1"
	trap - EXIT
}

# new makes the prefix of one test.
new() {
	local from dir=$1 d
	from=$(template)
	mkdir "$dir" "$dir/drive_c" "$dir/dosdevices"
	ln -s ../drive_c "$dir/dosdevices/c:"
	ln -s / "$dir/dosdevices/z:"
	cp "$from"/*.reg "$from/.update-timestamp" "$dir/"
	for d in "$from"/drive_c/*; do
		case ${d##*/} in
		users | ProgramData) cp -r "$d" "$dir/drive_c/" ;;
		*) ln -s "$d" "$dir/drive_c/" ;;
		esac
	done
}

end() {
	WINEPREFIX=$1 wineserver -k || true # exit code 1 when there is none
	WINEPREFIX=$1 wineserver -w
}

case ${1:-} in
--template) template ;;
--end) [ $# -eq 2 ] && end "$2" ;;
-*|"") die 2 "usage: prefix.sh DIR | --template | --end DIR" ;;
*) new "$1" ;;
esac
