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
case $cache in
/*)       ;;
[A-Za-z]:*) cache=$(cygpath -u "$cache") ;; # as Windows writes it
*)        cache=$PWD/$cache ;;
esac

usage() {
	cat <<-USAGE
	usage: third_party/pjsip/build.sh [--target TARGET] [VARIANT] [ACTION]

	Builds PJSIP into third_party/pjsip/prefix, or only checks that what is there is
	current. Messages go to standard error.

	targets
	  native               this machine: the default
	  windows-amd64        Windows, optimized only: on Debian with mingw-w64, and in
	                       MSYS2's UCRT64 shell, where it is the default
	                       (prefix-windows-amd64)

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

# native PATH prints it as the compiler and Go take it: in MSYS2 these are programs of Windows.
native() {
	if have cygpath; then cygpath -m "$1"; else printf '%s\n' "$1"; fi
}

# locked KEY prints every value of KEY in pjsip.lock, one a line.
locked() { sed -n "s/^$1 //p" "$here/pjsip.lock"; }

# --- options ------------------------------------------------------------------

os=$(uname -s)
variant=release action=build target=native msys2=no
case $os in MINGW*|MSYS*|UCRT*|CLANG*) target=windows-amd64 msys2=yes ;; esac
while [ $# -gt 0 ]; do
	arg=$1
	shift
	case $arg in
	--target)
		[ $# -gt 0 ] || die "--target needs a name"
		target=$1
		shift ;;
	--target=*)         target=${arg#*=} ;;
	--release)          variant=release ;;
	--debug)            variant=debug ;;
	--sanitize=address) variant=asan ;;
	--sanitize=thread)  variant=tsan ;;
	--build|--print-prefix|--print-pkg-config-path|--print-env|--test|--clean) action=${arg#--} ;;
	--help|-h)          usage; exit 0 ;;
	*)                  usage >&2; die "unknown option $arg" ;;
	esac
done
case $target:$variant in
native:*|windows-amd64:release) ;;
windows-amd64:*) die "$target is built as --release only" ;;
*)               die "unknown target $target: native or windows-amd64" ;;
esac

# -fPIC: the archives can then also go into a shared object or a PIE, whatever
# the compiler's default is. PJSIP's headers decide by PJ_DEBUG what an assertion
# does; the variant sets it for whoever includes them as well (see write_pc), so
# that library and headers agree. Under AddressSanitizer every piece of a pool is a
# block of its own, or it would not see what is used after its pool.
pools= ldflags=
case $variant in
release) link=$here/prefix       debug=0 cflags="-fPIC -O2 -g -DNDEBUG -fstack-protector-strong" san="" ;;
debug)   link=$here/prefix-debug debug=1 cflags="-fPIC -O1 -g -fno-omit-frame-pointer" san="" ;;
asan)    link=$here/prefix-asan  debug=1 cflags="-fPIC -O1 -g -fno-omit-frame-pointer" san="-fsanitize=address" pools="-DPJ_POOL_DEBUG=1" ;;
tsan)    link=$here/prefix-tsan  debug=1 cflags="-fPIC -O1 -g -fno-omit-frame-pointer" san="-fsanitize=thread" ;;
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

# --- the parts --------------------------------------------------------------------

. "$here/packages.sh"
. "$here/source.sh"

# What another target does otherwise, by setting these and what is above:
parts="build.sh packages.sh source.sh" # the files that decide what is built
target_packages="g++ $(echo "$headers" | awk 'NF { print $2 }')" # whose versions count
target_libraries() { :; }              # builds what the system does not have
target_source() { :; }                 # changes the unpacked source, in whose folder it is
target_install() { :; }                # adds to the prefix $1
target_env() { :; }                    # prints more for --print-env
[ $target = native ] || . "$here/windows.sh"

# --- identity -----------------------------------------------------------------

# What machine, compiler and libraries these are, as the system names them.
toolchain() {
	uname -sm
	"$CC" -dumpmachine -dumpfullversion 2>/dev/null || "$CC" --version 2>/dev/null || true
	if [ "$msys2" = yes ]; then
		pacman -Q $target_packages 2>/dev/null || true
	elif have dpkg-query; then
		# Absent packages print nothing and make dpkg-query fail; that is an answer too.
		dpkg-query -W -f '${Package} ${Version}\n' $target_packages 2>/dev/null || true
	else
		pkg-config --print-errors --modversion openssl opus libsrtp2 speex speexdsp uuid alsa 2>&1 || true
	fi
}

identity() {
	{
		echo "$target $variant $cflags $pools $san ${CFLAGS:-} ${CPPFLAGS:-} ${LDFLAGS:-}"
		toolchain
		[ -z "${PJSIP_TARBALL:-}" ] || sha256_of "$PJSIP_TARBALL"
		cd "$here"
		# Names and contents, so that a renamed patch counts as well.
		sha256 $parts pjsip.lock config_site.h $(find patches -name "*.patch" | sort)
	} | sha256 | cut -c1-16
}

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
	[ $target = native ] || libs=$(target_link "$libs")
	cat >"$pc.new" <<-PC
	# Written by Offhook's third_party/pjsip/build.sh. Libs holds all that a static
	# link needs.
	prefix=$(native "$prefix")
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
	flags=$(PKG_CONFIG_PATH=$(native "$2/lib/pkgconfig") pkg-config --define-variable=prefix="$(native "$2")" \
		--cflags --libs libpjproject)
	run "compiling test $1" '^ok' $CC -Wall -Wextra -g "$here/test/$1.c" -o "$out" $flags
	[ $target = native ] || return 0 # linking is all that can be tried here
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

	target_libraries
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
	target_source
	cp "$here/config_site.h" pjlib/include/pj/config_site.h

	# The paths of this build tree are of no use to anyone once it is gone.
	export CFLAGS="$cflags -ffile-prefix-map=$work/src=/usr/src/pjproject-$version $pools $san ${CFLAGS:-}"
	export CXXFLAGS="$CFLAGS" LDFLAGS="$san $ldflags ${LDFLAGS:-}"
	# The test programs of configure may leak.
	run "configuring PJSIP $version ($variant)" '^checking' env ASAN_OPTIONS=detect_leaks=0 ./aconfigure --prefix="$prefix" $configure_options
	run "compiling" '-o output/.*\.o' make -j "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" lib
	run "installing" '^cp' make install DESTDIR="$work/dest"
	cd "$here"

	target_install "$work/dest$prefix"
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
	[ "$msys2" = no ] || path=$(native "$(readlink "$link")/lib/pkgconfig")
	case :${PKG_CONFIG_PATH:-}: in
	*:"$path":*) path=$PKG_CONFIG_PATH ;;
	*)           path=$path${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH} ;;
	esac
	printf "export PKG_CONFIG_PATH='%s'\nexport CGO_CFLAGS='%s'\n" "$path" "$cgo $stamp"
	target_env
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
case $cache in *[[:space:]]*) die "PJSIP's makefiles take no folder with a space; set OFFHOOK_CACHE to another than $cache" ;; esac
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
say "PJSIP $(sed -n 's/^Version: //p' "$prefix/lib/pkgconfig/libpjproject.pc") ($([ $target = native ] || echo "$target, ")$variant) is in ${link#"$PWD/"}"

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
