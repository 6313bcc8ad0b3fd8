# The libraries that PJSIP links on Windows, cross-built from Debian's source packages.
# Sourced by windows.sh.
#
# Uses: have, say, die, sha256, sha256_of, locked, run, toolchain and what is in
# source.sh; $cache, $work, $log, $cflags, $cross, $host.

# The order of building: srtp uses OpenSSL, speex uses speexdsp.
libraries="opus speexdsp speex libgsm bcg729 opencore-amr vo-amrwbenc openssl libsrtp2"

# library_sources NAME sets $archive and $packaging, upstream's archive and what
# Debian adds, from the cache or else from Debian. A package that has been replaced in
# its suite since pjsip.lock was written is taken too, on Debian's signature.
library_sources() {
	local name=$1 suite version sums uris uri file size sum mirror
	read -r suite version sums <<<"$(locked "library $name")"
	set -- $sums
	archive=$cache/downloads/$1 packaging=${2:+$cache/downloads/$2}
	if [ "$(sha256_of "$archive" 2>/dev/null)" = "$1" ] &&
	   { [ -z "$packaging" ] || [ "$(sha256_of "$packaging" 2>/dev/null)" = "$2" ]; }; then
		return 0
	fi
	have apt-get && have apt-config && [ -x /usr/lib/apt/apt-helper ] ||
		die "$name comes from Debian's source packages, which this system has no apt for"
	if [ "${indexed:-}" != "$suite" ]; then
		for mirror in $(debian_mirrors); do
			source_index "$mirror" "$suite" && indexed=$suite && break
		done
		[ "${indexed:-}" = "$suite" ] || die "cannot read the source index of Debian $suite: $(grep -m1 '^[EW]:' "$work/apt/log")"
	fi
	uris=$(print_uris "$name=$version") || uris=$(print_uris "$name") || die "Debian $suite has no source of $name"
	while read -r uri file size sum; do
		case $file in
		*.orig.tar.*.asc) continue ;;
		*.orig.tar.*)     archive="" ;;
		*.debian.tar.*)   [ -n "$packaging" ] || continue ;;
		*)                continue ;;
		esac
		sum=${sum#SHA256:}
		say "fetching $file ($((size / 1024)) KiB)"
		download "${uri//\'/}" "$work/$file" "$sum" || die "cannot fetch $file: $(grep '^[EW]:' "$work/apt/log" | tail -1)"
		[ "$(sha256_of "$work/$file")" = "$sum" ] || die "$file: not the sha256 of the signed index"
		case " $sums " in
		*" $sum "*) ;;
		*) say "$file: checked by the archive's signature; its sha256 $sum is not in pjsip.lock" ;;
		esac
		keep "$work/$file"
		case $file in
		*.orig.*) archive=$tarball ;;
		*)        packaging=$tarball ;;
		esac
	done < <(printf '%s\n' "$uris" | grep "^'")
	[ -n "$archive" ] || die "Debian's $name has no archive of upstream's"
}

# unpack NAME unpacks what library_sources found into $work/NAME, with Debian's
# patches. All files are made equally old: nothing is to be generated anew.
unpack() {
	local p
	rm -rf "${work:?}/$1"
	mkdir "$work/$1"
	cd "$work/$1"
	tar -xf "$archive" --strip-components=1
	if [ -n "$packaging" ]; then
		tar -xf "$packaging"
		if [ -f debian/patches/series ]; then
			for p in $(sed 's/#.*//; s/ .*//' debian/patches/series); do
				patch -p1 --force <"debian/patches/$p"
			done
		fi
	fi
	find . -type f -exec touch -d @1000000000 {} +
}

# with_configure OPTION... builds and installs what has a configure script.
with_configure() {
	./configure --host=$host --prefix="$libs" --disable-shared --enable-static --disable-dependency-tracking "$@"
	make -j "$jobs"
	make install
}

# Without what PJSIP does not use. The folder where OpenSSL looks for certificates and
# configuration on its own is one that only administrators can write to; Configure
# would take that name for one below the prefix.
build_openssl() {
	env -u CC -u CXX -u AR -u RANLIB -u CFLAGS -u CXXFLAGS ./Configure mingw64 --cross-compile-prefix=$cross \
		--prefix="$libs" --libdir=lib \
		no-shared no-tests no-module no-legacy no-engine no-dso no-comp no-srp no-idea no-seed no-camellia \
		no-aria no-rc2 no-rc5 no-md2 no-mdc2 no-whirlpool no-ssl3 no-capieng no-uplink no-autoload-config \
		CC=gcc-posix
	set -- OPENSSLDIR=C:/Windows/System32/offhook ENGINESDIR=C:/Windows/System32/offhook MODULESDIR=C:/Windows/System32/offhook
	make -j "$jobs" "$@" build_libs
	make "$@" install_dev
}
build_libsrtp2() {
	PKG_CONFIG=false ./configure --host=$host --prefix="$libs" --enable-openssl --with-openssl-dir="$libs" --disable-pcap \
		crypto_CFLAGS="-I$libs/include" crypto_LIBS="-L$libs/lib -lcrypto" LIBS="-lws2_32 -lcrypt32 -lgdi32"
	make -j "$jobs" libsrtp2.a
	make install
}
build_opus()         { with_configure --disable-doc --disable-extra-programs CFLAGS="$CFLAGS -D_FORTIFY_SOURCE=0"; }
build_speexdsp()     { with_configure --disable-examples; }
build_speex()        { with_configure --disable-binaries SPEEXDSP_CFLAGS="-I$libs/include" SPEEXDSP_LIBS="-L$libs/lib -lspeexdsp"; }
build_opencore-amr() { with_configure --disable-examples; }
build_vo-amrwbenc()  { with_configure --disable-example; }
build_libgsm() {
	make -j "$jobs" CC="$CC -c" CCFLAGS="$CFLAGS -DNeedFunctionPrototypes=1" AR="$AR" RANLIB="$RANLIB" lib/libgsm.a
	mkdir -p "$libs/include/gsm"
	cp lib/libgsm.a "$libs/lib/"
	cp inc/gsm.h "$libs/include/gsm/"
}
# Its makefiles are for cmake, which nothing else here needs.
build_bcg729() {
	local f
	mkdir o "$libs/include/bcg729"
	for f in src/*.c; do
		$CC $CFLAGS -Iinclude -Isrc -c "$f" -o "o/$(basename "$f" .c).o"
	done
	$AR rcs "$libs/lib/libbcg729.a" o/*.o
	cp include/bcg729/*.h "$libs/include/bcg729/"
}

# build_library NAME does it in a shell of its own: errors end that, not the caller.
build_library() {
	set -e
	unpack "$1"
	export CFLAGS="$cflags -ffile-prefix-map=$work=/usr/src -ffile-prefix-map=$libs=/usr" SOURCE_DATE_EPOCH=1000000000
	export CXXFLAGS="$CFLAGS"
	"build_$1"
}

# build_libraries sets $libs to a prefix in the cache with all of them, which it builds
# if it is not there.
build_libraries() {
	local name done jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
	done=$cache/libraries-$({ toolchain; echo "$cflags"; locked library; sha256 <"$here/libraries.sh"; } | sha256 | cut -c1-16)
	if [ ! -d "$done" ]; then
		libs=$work/libraries
		mkdir -p "$libs/lib" "$libs/include"
		for name in $libraries; do
			library_sources "$name"
			run "building $name" ' -c ' bash -c "$(declare -p log work libs jobs cflags cross host archive packaging; declare -f); build_library $name"
			rm -rf "${work:?}/$name"
		done
		mv "$libs" "$done"
	fi
	libs=$done
	touch "$libs"
	find "$cache" -maxdepth 1 -type d -name 'libraries-*' -mtime +30 -exec rm -rf {} + 2>/dev/null || true
}
