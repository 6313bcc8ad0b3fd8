#!/usr/bin/env bash
# Gets, verifies, patches, builds and installs the PJSIP that Offhook links.
# README.md beside this file explains the parts; --help lists the options.
#
# The result is a prefix in a cache outside the clone, named after a hash of
# everything that went into it, and a link to it here (prefix, prefix-debug, ...).
# A prefix in the cache is complete or is not there: it is built under another
# name and renamed. So a run with nothing changed only computes the hash.
#
# Written for bash 3.2, which is what macOS has.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${OFFHOOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/offhook}/pjsip
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac

usage() {
	cat <<-USAGE
	usage: third_party/pjsip/build.sh [VARIANT] [ACTION]

	Builds PJSIP into third_party/pjsip/prefix, or only checks that what is there is
	current. Messages go to standard error.

	variants (each has a prefix of its own)
	  --release            optimized, assertions off: the default   (prefix)
	  --debug              -O1, PJSIP's assertions abort            (prefix-debug)
	  --sanitize=address   as debug, with AddressSanitizer          (prefix-asan)
	  --sanitize=thread    as debug, with ThreadSanitizer           (prefix-tsan)

	actions
	  --build                  the default
	  --print-prefix           print where the variant is installed
	  --print-pkg-config-path  print what PKG_CONFIG_PATH must hold to find it
	  --print-env              print shell exports for plain go commands; eval them
	  --test                   build, and run test/*.c against the result
	  --clean                  remove this clone's variant and its log, also from the cache
	  --help

	exit codes: 0 done; 1 failed; 3 packages are missing that we may not install: they are named

	environment
	  PJSIP_TARBALL   a PJSIP source archive to use instead of fetching one
	  OFFHOOK_CACHE   where downloads and built trees are kept
	                  (default \$XDG_CACHE_HOME/offhook or ~/.cache/offhook)
	  CC              C compiler (default gcc, else cc)
	  JOBS            parallel compilations (default: the number of processors)
	USAGE
}

start=$SECONDS
say()  { printf 'pjsip [%3d s] %s\n' $((SECONDS - start)) "$*" >&2; }
die()  { printf 'pjsip: error: %s\n' "$*" >&2; exit "${code:-1}"; }
have() { command -v "$1" >/dev/null 2>&1; }

sha256() {
	if have sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}
sha256_of() { sha256 "$1" | cut -d' ' -f1; }

# locked KEY prints every value of KEY in pjsip.lock, one a line.
locked() { sed -n "s/^$1 //p" "$here/pjsip.lock"; }

# --- options ------------------------------------------------------------------

variant=release action=build
for arg in "$@"; do
	case $arg in
	--release)          variant=release ;;
	--debug)            variant=debug ;;
	--sanitize=address) variant=asan ;;
	--sanitize=thread)  variant=tsan ;;
	--build|--print-prefix|--print-pkg-config-path|--print-env|--test|--clean) action=${arg#--} ;;
	--help|-h)          usage; exit 0 ;;
	*)                  usage >&2; die "unknown option $arg" ;;
	esac
done

# -fPIC: the archives can then also go into a shared object or a PIE, whatever
# the compiler's default is. PJSIP's headers decide by PJ_DEBUG what an assertion
# does; the variant sets it for whoever includes them as well (see write_pc), so
# that library and headers agree. Under AddressSanitizer every piece of a pool is a
# block of its own, or it would not see what is used after its pool.
pools=
case $variant in
release) link=$here/prefix       debug=0 cflags="-O2 -g -DNDEBUG -fstack-protector-strong" san="" ;;
debug)   link=$here/prefix-debug debug=1 cflags="-O1 -g -fno-omit-frame-pointer" san="" ;;
asan)    link=$here/prefix-asan  debug=1 cflags="-O1 -g -fno-omit-frame-pointer" san="-fsanitize=address" pools="-DPJ_POOL_DEBUG=1" ;;
tsan)    link=$here/prefix-tsan  debug=1 cflags="-O1 -g -fno-omit-frame-pointer" san="-fsanitize=thread" ;;
esac
log=$here/work/build-$variant.log

if [ -z "${CC:-}" ]; then
	if have gcc; then CC=gcc; else CC=cc; fi
fi
export CC

# What PJSIP is configured with. The distribution's archive lacks most of
# third_party, so the external libraries are named even where upstream's archive
# has a copy; everything that configure would find by looking around is pinned,
# so that the result depends on this list only.
configure_options="
	--enable-epoll
	--with-external-srtp --with-external-speex --with-external-gsm
	--enable-speex-resample
	--disable-ilbc-codec --disable-g7221-codec --disable-silk --disable-lyra
	--disable-video --disable-sdl --disable-ffmpeg --disable-v4l2
	--disable-openh264 --disable-vpx --disable-libyuv
	--disable-libwebrtc --enable-libwebrtc-aec3 --disable-upnp --disable-pjsua2"

# --- system packages ----------------------------------------------------------

# The headers that must be there, and the package that brings each:
# header, then Debian, Fedora, Alpine, Arch, Homebrew ("-": not needed or none).
headers='
openssl/ssl.h               libssl-dev             openssl-devel       openssl-dev       openssl         openssl@3
alsa/asoundlib.h            libasound2-dev         alsa-lib-devel      alsa-lib-dev      alsa-lib        -
opus/opus.h                 libopus-dev            opus-devel          opus-dev          opus            opus
srtp2/srtp.h                libsrtp2-dev           libsrtp-devel       libsrtp-dev       libsrtp         srtp
speex/speex.h               libspeex-dev           speex-devel         speex-dev         speex           speex
speex/speex_echo.h          libspeexdsp-dev        speexdsp-devel      speexdsp-dev      speexdsp        speexdsp
gsm/gsm.h                   libgsm1-dev            gsm-devel           gsm-dev           gsm             libgsm
bcg729/decoder.h            libbcg729-dev          bcg729-devel        bcg729-dev        bcg729          bcg729
opencore-amrnb/interf_dec.h libopencore-amrnb-dev  opencore-amr-devel  opencore-amr-dev  opencore-amr    opencore-amr
opencore-amrwb/dec_if.h     libopencore-amrwb-dev  opencore-amr-devel  opencore-amr-dev  opencore-amr    opencore-amr
vo-amrwbenc/enc_if.h        libvo-amrwbenc-dev     vo-amrwbenc-devel   vo-amrwbenc-dev   vo-amrwbenc     vo-amrwbenc
uuid/uuid.h                 uuid-dev               libuuid-devel       util-linux-dev    util-linux-libs -
'
# The programs, in the same columns. The echo canceller AEC3 is in C++.
programs='
c++                         g++                    gcc-c++             g++               gcc             -
pkg-config                  pkg-config             pkgconf-pkg-config  pkgconf           pkgconf         pkgconf
make                        make                   make                make              make            make
patch                       patch                  patch               patch             patch           -
xz                          xz-utils               xz                  xz                xz              xz
'

os=$(uname -s)

# missing COLUMN prints the packages of that column whose header or program is
# not there. One run of the preprocessor answers for all headers; without a
# compiler there is no answer, and all are listed.
missing() {
	local column=$1 header program rest
	{
		if ! have "$CC"; then
			if [ "$column" = 2 ]; then echo gcc libc6-dev; else echo gcc; fi
			echo "$headers" | awk -v c="$column" 'NF { print $c }'
		else
			echo "$headers" | while read -r header rest; do
				[ -n "$header" ] || continue
				printf '#if !__has_include(<%s>)\nMISSING %s\n#endif\n' "$header" \
					"$(echo "$header $rest" | awk -v c="$column" '{ print $c }')"
			done | $CC ${CPPFLAGS:-} -E -P -x c - 2>/dev/null | sed -n 's/^MISSING //p'
		fi
		echo "$programs" | while read -r program rest; do
			[ -n "$program" ] || continue
			have "$program" || echo "$program $rest" | awk -v c="$column" '{ print $c }'
		done
	} | grep -vx -e - | sort -u | tr '\n' ' ' || true
}

# need_packages installs what is missing where that is the system's way and we
# may, and otherwise names everything at once with the command.
need_packages() {
	local column how names sudo=""
	if [ "$os" = Darwin ];    then column=6 how="brew install"
	elif have apt-get;        then column=2 how="apt-get install"
	elif have dnf;            then column=3 how="dnf install"
	elif have apk;            then column=4 how="apk add"
	elif have pacman;         then column=5 how="pacman -S"
	else column=2 how=""
	fi
	names=$(missing $column)
	[ -n "$names" ] || return 0
	if [ "$how" = "apt-get install" ]; then
		[ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null && sudo="sudo -n"; } || sudo=no
		if [ "$sudo" != no ]; then
			say "installing $names"
			mkdir -p "$here/work"
			local install="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400"
			# The lists may be absent (a fresh container) or old; only then are they fetched.
			if ! $install install -y --no-install-recommends $names >"$here/work/apt.log" 2>&1; then
				$install update >>"$here/work/apt.log" 2>&1 || true
				$install install -y --no-install-recommends $names >>"$here/work/apt.log" 2>&1 || {
					tail -15 "$here/work/apt.log" >&2
					die "apt-get could not install: $names"
				}
			fi
			names=$(missing $column)
			[ -z "$names" ] || die "still missing after installation: $names"
			return 0
		fi
		how="sudo apt-get install"
	fi
	if [ -n "$how" ]; then
		code=3 die "these packages are missing; install them and run this again:
    $how $names"
	fi
	code=3 die "these are missing (Debian's names; install your system's equivalents): $names"
}

# --- identity -----------------------------------------------------------------

# What machine, compiler and libraries these are, as the system names them.
toolchain() {
	uname -sm
	"$CC" -dumpmachine -dumpfullversion 2>/dev/null || "$CC" --version 2>/dev/null || true
	if have dpkg-query; then
		# Absent packages print nothing and make dpkg-query fail; that is an answer too.
		dpkg-query -W -f '${Package} ${Version}\n' g++ \
			$(echo "$headers" | awk 'NF { print $2 }') 2>/dev/null || true
	else
		pkg-config --print-errors --modversion openssl opus libsrtp2 speex speexdsp uuid alsa 2>&1 || true
	fi
}

identity() {
	{
		echo "$variant $cflags $pools $san ${CFLAGS:-} ${CPPFLAGS:-} ${LDFLAGS:-}"
		toolchain
		[ -z "${PJSIP_TARBALL:-}" ] || sha256_of "$PJSIP_TARBALL"
		cd "$here"
		# Names and contents, so that a renamed patch counts as well.
		sha256 build.sh pjsip.lock config_site.h $(find patches -name "*.patch" | sort)
	} | sha256 | cut -c1-16
}

# --- the source ---------------------------------------------------------------

# Each from_* puts the archive's path into $tarball and one line about where it
# came from and what was checked into $origin, and fails when it has none.

accept_known() {
	local sum
	sum=$(sha256_of "$1")
	if [ "$sum" = "$(locked upstream-sha256)" ]; then
		checked="sha256 $sum is that of upstream's archive in pjsip.lock"
	elif [ "$sum" = "$(locked debian-sha256)" ]; then
		checked="sha256 $sum is that of Debian's archive in pjsip.lock"
	else
		return 1
	fi
}

from_environment() {
	[ -n "${PJSIP_TARBALL:-}" ] || return 1
	tarball=$PJSIP_TARBALL
	if accept_known "$tarball"; then
		origin="PJSIP_TARBALL, $checked"
	else
		origin="PJSIP_TARBALL, sha256 $(sha256_of "$tarball"), not in pjsip.lock: not verified"
	fi
}

from_downloads() {
	local sum
	for sum in $(locked debian-sha256) $(locked upstream-sha256); do
		tarball=$cache/downloads/$sum
		[ -f "$tarball" ] || continue
		if accept_known "$tarball"; then
			origin="downloaded earlier, $checked"
			return 0
		fi
		rm -f "$tarball"
	done
	return 1
}

# keep FILE moves a fetched archive into the cache under its hash.
keep() {
	mkdir -p "$cache/downloads"
	tarball=$cache/downloads/$(sha256_of "$1")
	mv -f "$1" "$tarball"
}

# The package client's own settings, reduced to how to reach the mirror (proxies,
# timeouts), with every path of its state pointing into $1: the machine's own
# lists, caches, sources and hooks are neither read nor written. A mirror's signed
# index is taken even when it is past its time: it is not news that we want, and
# pjsip.lock knows the archive.
private_apt_conf() {
	local dir=$1
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/none"
	: >"$dir/status"
	apt-config dump | grep '^Acquire::[a-z]*::\|^Acquire::Check\|^Acquire::Retries' |
		grep -v '^Acquire::IndexTargets' || true
	cat <<-CONF
	Dir::Etc::main "/dev/null";
	Dir::Etc::parts "$dir/none";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "$dir/none";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "$dir/none";
	Dir::State "$dir";
	Dir::State::lists "$dir/lists";
	Dir::State::status "$dir/status";
	Dir::Cache "$dir/cache";
	APT::Sandbox::User "";
	Acquire::Check-Valid-Until "false";
	Acquire::Languages "none";
	Acquire::Retries "3";
	CONF
}

# debian_mirrors prints the mirrors of Debian's main archive in the machine's own
# configuration. Without lists (a fresh container) the origin is not known; then
# the name has to do, and a wrong guess is refused by its signature.
debian_mirrors() {
	{
		apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(SITE)' |
			sed -n 's/^Debian|Debian|main|//p'
		apt-get indextargets --no-release-info --format '$(COMPONENT)|$(SITE)' |
			sed -n 's/^main|\(.*debian\/*\)$/\1/p' | grep -v security
	} 2>/dev/null | awk '!seen[$0]++'
}

from_distribution() {
	local mirror suite dir file uri name size sum version source component
	have apt-get && have apt-config && [ -x /usr/lib/apt/apt-helper ] || return 1
	source=$(locked debian-source) component=$(locked debian-component)
	dir=$work/apt
	for mirror in $(debian_mirrors); do
		for suite in $(locked debian-suite); do
			rm -rf "$dir"
			mkdir -p "$dir"
			private_apt_conf "$dir" >"$dir/apt.conf"
			local signed=""
			[ -f /usr/share/keyrings/debian-archive-keyring.gpg ] &&
				signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
			echo "deb-src $signed$mirror $suite main" >"$dir/sources.list"
			say "reading the source index of Debian $suite"
			if ! APT_CONFIG=$dir/apt.conf apt-get update >"$dir/log" 2>&1 ||
			   ! APT_CONFIG=$dir/apt.conf apt-get source --print-uris "$source" >"$dir/uris" 2>>"$dir/log"; then
				say "Debian $suite: $(grep -m1 '^[EW]:' "$dir/log" || echo 'no source index')"
				continue
			fi
			# 'URI' name size SHA256:sum
			set -- $(grep -- "orig-X*$component\.tar" "$dir/uris" | grep -v '\.asc ' | head -1)
			[ $# -ge 4 ] || { say "Debian $suite: $source has no component $component"; continue; }
			uri=${1#\'} uri=${uri%\'} name=$2 size=$3 sum=${4#SHA256:}
			[ "$sum" != "$4" ] || { say "Debian $suite: no sha256 for $name"; continue; }
			say "fetching $name ($((size / 1024)) KiB)"
			file=$work/$name
			if ! APT_CONFIG=$dir/apt.conf /usr/lib/apt/apt-helper download-file \
				"$uri" "$file" "SHA256:$sum" >>"$dir/log" 2>&1; then
				say "Debian $suite: $(grep -m1 '^[EW]:' "$dir/log" || echo "could not fetch $name")"
				continue
			fi
			[ "$(sha256_of "$file")" = "$sum" ] || die "$name: not the sha256 of the signed index"
			version=$(version_in "$file")
			if ! at_least "$version" "$(locked version)"; then
				say "Debian $suite: $source carries PJSIP $version; $(locked version) is needed"
				continue
			fi
			if [ "$sum" = "$(locked debian-sha256)" ]; then
				origin="Debian $suite, $name, checked by the archive's signature and by pjsip.lock"
			else
				origin="Debian $suite, $name (PJSIP $version), checked by the archive's signature; its sha256 is not the one in pjsip.lock"
			fi
			keep "$file"
			return 0
		done
	done
	return 1
}

fetch() {
	local url=$1 file=$2
	if have curl; then curl -fsSL --retry 3 -o "$file" "$url"
	elif have wget; then wget -q -O "$file" "$url"
	elif [ -x /usr/lib/apt/apt-helper ]; then /usr/lib/apt/apt-helper download-file "$url" "$file"
	elif have python3; then python3 -c 'import sys, urllib.request as u; u.urlretrieve(sys.argv[1], sys.argv[2])' "$url" "$file"
	else say "no curl, wget or python3 to fetch $url with"; return 1
	fi
}

from_upstream() {
	local url file=$work/upstream.tar
	url=$(locked upstream-url)
	say "fetching $url"
	fetch "$url" "$file" >"$work/fetch.log" 2>&1 || { tail -3 "$work/fetch.log" >&2; return 1; }
	[ "$(sha256_of "$file")" = "$(locked upstream-sha256)" ] ||
		die "$url: sha256 is $(sha256_of "$file"), pjsip.lock wants $(locked upstream-sha256)"
	keep "$file"
	origin="upstream's release archive, checked by pjsip.lock"
}

# version_in ARCHIVE prints the version that PJSIP's own makefile states.
version_in() {
	tar -xOf "$1" --wildcards '*/version.mak' 2>/dev/null | version_mak ||
		tar -xOf "$1" '*/version.mak' | version_mak
}
version_mak() {
	awk '/^export PJ_VERSION_MAJOR/ { v = $4 }
	     /^export PJ_VERSION_MINOR/ { v = v "." $4 }
	     /^export PJ_VERSION_REV/ && $4 != "" { v = v "." $4 }
	     END { if (v == "") exit 1; print v }'
}
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -1)" = "$2" ]; }

# --- building -----------------------------------------------------------------

# run LABEL PATTERN COMMAND... runs a long command with its output in the log.
# Every few seconds it tells how many lines of the output match PATTERN, so that
# one sees it move. The log's tail is shown when the command fails. The lock on
# descriptor 9 is ours, not our children's.
run() {
	local label=$1 pattern=$2 from code=0 reporter
	shift 2
	say "$label"
	from=$(wc -l <"$log")
	(
		while sleep 5 >/dev/null 2>&1; do
			say "$label: $(tail -n +$((from + 1)) "$log" | grep -c -e "$pattern") done"
		done
	) 9>&- &
	reporter=$!
	"$@" >>"$log" 2>&1 </dev/null 9>&- || code=$?
	kill $reporter 2>/dev/null
	wait $reporter 2>/dev/null || true
	[ $code = 0 ] && return 0
	tail -30 "$log" | cut -c1-200 >&2
	die "$label failed; the whole log is $log, the tree is $work"
}

# apply_patches applies ours in order. One that the source has already is skipped,
# and so is one whose header says "Fixed-in: VERSION" when the source is that
# version or newer: upstream's cure need not be the same text.
apply_patches() {
	local p name fixed
	for p in "$here"/patches/*.patch; do
		[ -f "$p" ] || continue
		name=$(basename "$p")
		fixed=$(sed -n 's/^Fixed-in: //p' "$p")
		if [ -n "$fixed" ] && at_least "$version" "$fixed"; then
			say "skipped $name: fixed in $fixed"
		elif patch -p1 --dry-run --force <"$p" >>"$log" 2>&1; then
			patch -p1 --force <"$p" >>"$log" 2>&1
			say "applied $name"
		elif patch -p1 --dry-run --force --reverse <"$p" >>"$log" 2>&1; then
			say "skipped $name: this source has it already"
		else
			tail -20 "$log" >&2
			die "$name neither applies to this source nor is it in there already"
		fi
	done
}

# prepare_aec3 lets the compiler use AVX2 and FMA in those files of AEC3 that run only
# where the processor has them. PJSIP's makefile allows FMA, and AVX with it, in all
# of them, which is an illegal instruction on older processors. After the includes, so
# that what templates of theirs become is not in AVX either: the linker keeps any one
# copy of that. Its symbols for a debugger would be two thirds of all that is
# installed, and a third of the time.
prepare_aec3() {
	local f
	sed -e 's/ += -mfma$/ +=/' -e 's/^WEBRTC_AEC3_OTHER_CFLAGS =/& -g0/' \
		third_party/build/os-auto.mak.in >Makefile.tmp &&
		mv Makefile.tmp third_party/build/os-auto.mak.in
	for f in $(find third_party/webrtc_aec3 -name '*_avx2.cc'); do
		awk '
			/^namespace webrtc/ && !n++ {
				print "#ifdef __clang__"
				print "#pragma clang attribute push(__attribute__((target(\"avx2,fma\"))), apply_to = function)"
				print "#else"
				print "#pragma GCC target(\"avx2,fma\")"
				print "#endif"
			}
			{ print }
			END { print "#ifdef __clang__\n#pragma clang attribute pop\n#endif" }' "$f" >Makefile.tmp
		mv Makefile.tmp "$f"
	done
}

# write_pc makes the installed .pc complete: what PJSIP lists as private is needed
# for a static link, and there is nothing else here; and the headers' variant and
# the stamp belong to Cflags. The C++ runtime, which AEC3 needs, goes to the end.
write_pc() {
	local pc=$1/lib/pkgconfig/libpjproject.pc libs cxx=-lstdc++
	libs="$(sed -n 's/^Libs: //p' "$pc") $(sed -n 's/^Libs.private: //p' "$pc")"
	[ "$os" != Darwin ] || cxx=-lc++
	cat >"$pc.new" <<-PC
	# Written by Offhook's third_party/pjsip/build.sh. Libs holds all that a static
	# link needs.
	prefix=$prefix
	libdir=\${prefix}/lib
	includedir=\${prefix}/include
	offhook_variant=$variant
	offhook_stamp=$key
	offhook_source=$origin

	Name: libpjproject
	Description: PJSIP, built for Offhook
	URL: https://www.pjsip.org
	Version: $version
	Libs: $(echo "$libs" | sed "s|$prefix/lib|\${libdir}|g; s/ -lstdc++//") $cxx $san
	Cflags: -I\${includedir} $(sed -n 's/^Cflags: //p' "$pc" | sed "s|-I[^ ]*||g") -DPJ_DEBUG=$debug -DOFFHOOK_PJSIP_STAMP=$key $pools $san
	PC
	sed -e 's/  */ /g' -e 's/ $//' "$pc.new" >"$pc"
	rm "$pc.new"
}

# run_test NAME PREFIX compiles test/NAME.c against a prefix, which may be one that
# is not in its place yet, and runs it. Leaks of a whole process's life are not
# what these tests are about.
run_test() {
	local flags out=$work/$1
	flags=$(PKG_CONFIG_PATH=$2/lib/pkgconfig pkg-config --define-variable=prefix="$2" \
		--cflags --libs libpjproject)
	run "compiling test $1" '^ok' $CC -Wall -Wextra -g "$here/test/$1.c" -o "$out" $flags
	run "running test $1" '^ok' env ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}" \
		TSAN_OPTIONS="${TSAN_OPTIONS:-suppressions=$here/test/tsan.supp}" "$out"
}

build() {
	need_packages
	work=$cache/work.$$
	# Under the lock nobody else is building: what is there was interrupted.
	if have flock; then rm -rf "$cache"/work.*; fi
	mkdir -p "$work/src" "$here/work"
	: >"$log"

	from_environment || from_downloads || from_distribution || from_upstream || die "no source of PJSIP could be reached.
    Get the release archive of PJSIP $(locked version) by other means, and run this again with
    PJSIP_TARBALL naming it."
	say "source: $origin"

	tar -xf "$tarball" -C "$work/src" --strip-components=1 || die "cannot unpack $tarball"
	cd "$work/src"
	[ -f version.mak ] || die "this is no PJSIP source: $tarball"
	version=$(version_mak <version.mak)
	at_least "$version" "$(locked version)" || die "this is PJSIP $version; $(locked version) or newer is needed"

	apply_patches
	# Debian leaves this driver's source out; it has no use on any system of ours.
	sed 's/ bdimad_dev\.o//' pjmedia/build/Makefile >Makefile.tmp && mv Makefile.tmp pjmedia/build/Makefile
	prepare_aec3
	cp "$here/config_site.h" pjlib/include/pj/config_site.h

	# The paths of this build tree are of no use to anyone once it is gone.
	export CFLAGS="$cflags -fPIC -ffile-prefix-map=$work/src=/usr/src/pjproject-$version $pools $san ${CFLAGS:-}"
	export CXXFLAGS="$CFLAGS" LDFLAGS="$san ${LDFLAGS:-}"
	# The test programs of configure may leak.
	run "configuring PJSIP $version ($variant)" '^checking' env ASAN_OPTIONS=detect_leaks=0 ./aconfigure --prefix="$prefix" $configure_options
	run "compiling" '-o output/.*\.o' make -j "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" lib
	run "installing" '^cp' make install DESTDIR="$work/dest"
	cd "$here"

	write_pc "$work/dest$prefix"
	run_test check "$work/dest$prefix"
	# Whoever built the same thing meanwhile has the same result.
	[ -d "$prefix" ] || mv "$work/dest$prefix" "$prefix"
	rm -rf "$work"
	# What no clone has asked for in a month is not worth its space.
	find "$cache" -maxdepth 1 -type d -name "$(echo "$key" | tr '0-9a-f' '?')" -mtime +30 \
		-exec rm -rf {} + 2>/dev/null || true
	say "installed $prefix ($(du -sk "$prefix" | awk '{ print int($1 / 1024) }') MiB)"
}

# --- main ---------------------------------------------------------------------

case $action in
print-prefix)          echo "$link"; exit 0 ;;
print-pkg-config-path) echo "$link/lib/pkgconfig"; exit 0 ;;
print-env)
	pc=$link/lib/pkgconfig/libpjproject.pc
	[ -f "$pc" ] || die "the $variant variant is not built yet: run build.sh first"
	# The go command keys its build cache by CGO_CFLAGS but not by what pkg-config
	# says, nor by the archives; the stamp stands for both.
	stamp="-DOFFHOOK_PJSIP_STAMP=$(sed -n 's/^offhook_stamp=//p' "$pc")"
	cgo=$(printf '%s\n' "${CGO_CFLAGS--O2 -g}" | sed 's/ *-DOFFHOOK_PJSIP_STAMP=[0-9a-f]*//g')
	path=$link/lib/pkgconfig
	case :${PKG_CONFIG_PATH:-}: in
	*:"$path":*) path=$PKG_CONFIG_PATH ;;
	*)           path=$path${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH} ;;
	esac
	printf "export PKG_CONFIG_PATH='%s'\nexport CGO_CFLAGS='%s'\n" "$path" "$cgo $stamp"
	exit 0 ;;
clean)
	prefix=$(readlink "$link" || true)
	# Only what we have built: its name is its stamp.
	if [ -n "$prefix" ] && grep -qx "offhook_stamp=$(basename "$prefix")" \
		"$prefix/lib/pkgconfig/libpjproject.pc" 2>/dev/null; then
		rm -rf "$prefix"
	fi
	rm -f "$link" "$log"
	exit 0 ;;
esac

if [ -n "${PJSIP_TARBALL:-}" ] && [ ! -f "$PJSIP_TARBALL" ]; then
	die "PJSIP_TARBALL: no such file: $PJSIP_TARBALL"
fi
key=$(identity)
prefix=$cache/$key
if [ ! -d "$prefix" ]; then
	mkdir -p "$cache" || die "cannot write to the cache; set OFFHOOK_CACHE to a folder of yours"
	# One build at a time: the second waits, and may find its work done.
	if have flock; then
		exec 9>"$cache/lock"
		flock -n 9 || { say "another build is running; waiting for it"; flock 9; }
	fi
	if [ ! -d "$prefix" ]; then
		# Packages may have been installed meanwhile, and then the hash is another one.
		need_packages
		key=$(identity) prefix=$cache/$key
		[ -d "$prefix" ] || build
	fi
fi
if [ "$(readlink "$link" 2>/dev/null)" != "$prefix" ]; then
	[ ! -d "$link" ] || [ -L "$link" ] || die "$link is not our link; remove it"
	ln -sfn "$prefix" "$link"
fi
touch "$prefix"
say "PJSIP $(sed -n 's/^Version: //p' "$prefix/lib/pkgconfig/libpjproject.pc") ($variant) is in ${link#"$PWD/"}"

if [ "$action" = test ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$here/work"
	: >>"$log" # there is none where the prefix was in the cache
	for t in "$here"/test/*.c; do
		run_test "$(basename "$t" .c)" "$prefix"
	done
	say "all tests passed; what they said is in ${log#"$PWD/"}"
fi
