#!/usr/bin/env bash
# Installs what the integration tests start: Kamailio, SIPp, coturn, baresip, PulseAudio and
# wine from the machine's own Debian, and Asterisk, which Debian 12 does not have, from a newer
# suite, unpacked beside the system and not into it. --help lists the options.
#
# Asterisk's tree lies in a cache outside the clone, named after a hash of what it is
# made of. A tree in the cache is complete or is not there: it is built under another
# name and renamed. So a run with nothing changed only looks.

set -euo pipefail
export LC_ALL=C

cache=${OFFHOOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/offhook}/asterisk
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac

usage() {
	cat <<-USAGE
	usage: test/peers/install.sh [--install | --print-asterisk-root | --help]

	  --install              the default: install what is missing
	  --print-asterisk-root  print where Asterisk is unpacked; exit code 1 when it is not

	exit codes: 0 all is there; 1 failed; 2 usage;
	            3 Debian packages are missing and we may not install them (they are named;
	              Asterisk, which takes no rights, is there all the same)

	environment: OFFHOOK_CACHE  where Asterisk is kept
	                            (default \$XDG_CACHE_HOME/offhook or ~/.cache/offhook)
	USAGE
}

say()  { printf 'peers [%3d s] %s\n' "$SECONDS" "$*" >&2; }
die()  { printf 'peers: error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# logged LOG COMMAND... runs a command with its output in LOG, of which a line is shown every 5 s.
logged() {
	local log=$1
	shift
	"$@" 2>&1 </dev/null | (
		shown=$SECONDS
		while IFS= read -r line; do
			printf '%s\n' "$line" >>"$log"
			if [ $((SECONDS - shown)) -ge 5 ]; then
				shown=$SECONDS
				say "  ${line:0:80}"
			fi
		done
	)
}

# --- Debian's own packages --------------------------------------------------------

# iproute2 and util-linux: netns.sh makes the namespace with them. clang: pjsua/internal/apicoverage
# reads C with it. espeak-ng: the voices that test/hearing listens to. chromium with a font, libxml2-utils and tshark: what reads the reports of package report.
# asterisk-core-sounds-en-wav and asterisk-moh-opsound-wav: with espeak-ng, the prompts that are matched.
# gcc-mingw-w64-x86-64-posix compiles what wine lacks, and the C programs that run under it.
packages="chromium clang kamailio kamailio-tls-modules sip-tester coturn baresip-core pulseaudio pulseaudio-utils libasound2-plugins libxml2-utils opus-tools fonts-dejavu-core tshark espeak-ng asterisk-core-sounds-en-wav asterisk-moh-opsound-wav iproute2 util-linux wine wine64 gcc-mingw-w64-x86-64-posix"

# missing prints those of the packages that are not installed.
missing() {
	{ dpkg-query -W -f '${Package} ${db:Status-Status}\n' $packages 2>/dev/null || true; } | # unknown ones fail
		awk -v want="$packages" '
			$2 == "installed" { have[$1] = 1 }
			END { n = split(want, p); for (i = 1; i <= n; i++) if (!(p[i] in have)) print p[i] }'
}

# While packages are installed, a policy-rc.d keeps their services from being started: Debian's
# Kamailio would open port 5060 to the world, and its coturn 3478. One that is there already is left alone.
guard=/usr/sbin/policy-rc.d
guard_mark="# from Offhook's test/peers/install.sh, which removes it"

raise_guard() {
	[ ! -e $guard ] || grep -qF "$guard_mark" $guard || return 0
	printf '#!/bin/sh\n%s\nexit 101\n' "$guard_mark" | $sudo tee $guard >/dev/null
	$sudo chmod 755 $guard
}

lower_guard() {
	if grep -qF "$guard_mark" $guard 2>/dev/null; then $sudo rm -f $guard; fi
}

# install_packages sets code to 3 when we may not.
install_packages() {
	local names apt log service
	names=$(missing | tr '\n' ' ')
	[ -n "$names" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		if have sudo && sudo -n true 2>/dev/null; then
			sudo="sudo -n"
		else
			say "these packages are missing, and we are not root: the tests that need them cannot run. To install them:"
			say "    sudo apt-get install --no-install-recommends $names"
			code=3
			return
		fi
	fi
	say "installing $names"
	make_work
	log=$work/apt.log
	raise_guard
	apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=400"
	# The lists may be absent (a fresh container) or old; only then are they fetched.
	if ! logged "$log" $apt install -y --no-install-recommends $names; then
		say "reading the package lists anew"
		{ logged "$log" $apt update && logged "$log" $apt install -y --no-install-recommends $names; } || {
			tail -15 "$log" >&2
			die "apt-get could not install: $names"
		}
	fi
	lower_guard
	for service in kamailio coturn; do
		case " $names " in
		*" $service "*) $sudo update-rc.d $service disable >/dev/null 2>&1 || true ;; # nor at the next boot
		esac
	done
	names=$(missing | tr '\n' ' ')
	[ -z "$names" ] || die "still missing after the installation: $names"
	say "installed"
}

# --- Asterisk ---------------------------------------------------------------------

suites="forky sid"

# Parts of the package closure that nothing we load needs: the libraries of modules for
# databases, fax, LDAP, SNMP and the like, the recorded voices, the sample configuration.
# A name that a suite does not know (any more) does no harm.
left_out="adduser asterisk-config-custom asterisk-core-sounds-en libcodec2-1.2 libcurl4t64 libgmime-3.0-0t64
	libical3t64 libiksemel3 libjack-jackd2-0 libjwt2 libldap2 liblua5.1-0 libneon27t64 libodbc2 libopencore-amrnb0
	libopencore-amrwb0 libopusenc0 libopusfile0 libportaudio2 libpq5 libradcli4 libsnmp45 libspandsp2t64 libsybdb5
	libvo-amrwbenc0 libvorbis0a libvorbisenc2 libvorbisfile3"

recipe=1 # raise it when the way of unpacking changes

asterisk_root() {
	local key
	key=$(echo $recipe "$(dpkg --print-architecture)" $suites $left_out | sha256sum | cut -c1-16)
	echo "$cache/$key"
}

# mirrors prints the mirrors of Debian's main archive that the machine's apt is set up with.
# Without lists (a fresh container) their origin is not known and the address has to do: a
# wrong guess is refused by its signature.
mirrors() {
	{
		apt-get indextargets --format '$(ORIGIN) $(LABEL) $(COMPONENT) $(SITE)' |
			awk '$1 == "Debian" && $2 == "Debian" && $3 == "main" { print $4 }'
		apt-get indextargets --no-release-info --format '$(COMPONENT) $(SITE)' |
			awk '$1 == "main" && $2 ~ /\/debian\/?$/ { print $2 }'
	} 2>/dev/null | sort -u
}

# private_apt DIR MIRROR SUITE sets up an apt whose state is all in DIR. It takes from the
# machine's settings only how a mirror is reached (proxies, time limits).
private_apt() {
	local dir=$1 p
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/none"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $2 $3 main" >"$dir/sources.list"
	{
		apt-config dump | grep -E '^Acquire::(http|https|ftp|socks|Check-Valid-Until)' || true
		cat <<-CONF
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "$dir/none";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/none";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "$dir/none";
		Dir::State "$dir";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir";
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Acquire::Retries "3";
		CONF
	} >"$dir/apt.conf"
	# To this apt, what is left out is installed already, and nothing else is.
	for p in $left_out; do
		printf 'Package: %s\nStatus: install ok installed\nVersion: 9999\nArchitecture: all\n' "$p"
		printf 'Multi-Arch: foreign\nMaintainer: none\nDescription: left out\n\n'
	done >"$dir/status"
}

# fetch_asterisk SUITE MIRROR puts the packages into $work/SUITE/debs, or fails.
fetch_asterisk() {
	local dir=$work/$1 apt
	private_apt "$dir" "$2" "$1"
	mkdir -p "$dir/debs"
	apt="env APT_CONFIG=$dir/apt.conf apt-get"
	say "reading the package index of Debian $1"
	# An update that could not fetch or verify everything must not count (Error-Mode).
	# download checks each package against the signed index.
	if logged "$dir/log" $apt -q -o APT::Update::Error-Mode=any update &&
		$apt -qq --print-uris -y install asterisk >"$dir/uris" 2>>"$dir/log" &&
		sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p" "$dir/uris" >"$dir/names" && [ -s "$dir/names" ] &&
		say "downloading Asterisk and what it needs: $(awk '{ n++; s += $3 } END { printf "%d packages, %.0f MB", n, s / 1e6 }' "$dir/uris")" &&
		(cd "$dir/debs" && logged "$dir/log" $apt -q download $(cat "$dir/names"))
	then
		return 0
	fi
	tail -5 "$dir/log" >&2
	return 1
}

# unpack DEBS ROOT unpacks without running anything of the packages, and makes sure that the
# program finds all its libraries below ROOT.
unpack() {
	local deb ld lost
	mkdir -p "$2"
	for deb in "$1"/*.deb; do
		dpkg-deb -x "$deb" "$2"
		dpkg-deb -W --showformat '${Package} ${Version}\n' "$deb"
	done >"$2.packages"
	mv "$2.packages" "$2/packages"
	rm -rf "$2"/usr/share/{doc,man,locale,lintian}
	ld=$(echo "$2"/usr/lib/*-linux-*/ld-linux*.so.*)
	lost=$("$ld" --library-path "${ld%/*}" --list "$2/usr/sbin/asterisk") || die "the unpacked Asterisk cannot be loaded: $lost"
	lost=$(echo "$lost" | awk -v root="$2/" '$2 == "=>" && index($3, root) != 1 { print $1 }')
	[ -z "$lost" ] || die "libraries are missing from the unpacked Asterisk:" $lost
}

install_asterisk() {
	local root suite mirror
	root=$(asterisk_root)
	[ ! -d "$root" ] || return 0
	make_work
	for mirror in $(mirrors); do
		for suite in $suites; do
			fetch_asterisk "$suite" "$mirror" || continue
			say "unpacking"
			unpack "$work/$suite/debs" "$work/root"
			# Where another run was faster, its tree is as good.
			mv -T "$work/root" "$root" 2>/dev/null || [ -d "$root" ]
			say "Asterisk $(sed -n 's/^asterisk //p' "$root/packages") of Debian $suite is in $root"
			return 0
		done
	done
	die "no mirror of the machine's apt configuration has Asterisk in any of: $suites"
}

# --- main -------------------------------------------------------------------------

sudo="" work="" code=0

# make_work makes a working folder, in the cache so that a tree can be renamed into its place.
make_work() {
	[ -z "$work" ] || return 0
	mkdir -p "$cache"
	find "$cache" -maxdepth 1 -name 'new.*' -mmin +60 -exec rm -rf {} + # of runs that were killed
	work=$(mktemp -d "$cache/new.XXXXXX")
}

cleanup() {
	lower_guard
	[ -z "$work" ] || rm -rf "$work"
}

case ${1:---install} in
--install)
	have apt-get && have dpkg-query || die "the peers come as Debian packages, and this system has no apt"
	trap cleanup EXIT
	trap 'exit 1' INT TERM HUP
	install_packages
	install_asterisk
	exit $code
	;;
--print-asterisk-root)
	root=$(asterisk_root)
	[ -d "$root" ] || die "Asterisk is not there: run test/peers/install.sh"
	echo "$root"
	;;
--help|-h) usage ;;
*) usage >&2; exit 2 ;;
esac
