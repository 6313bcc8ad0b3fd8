# The target windows-amd64. Sourced by build.sh, which it tells what is different.
#
# On Debian the compiler is mingw-w64, and the libraries that Linux takes from the
# system are built here, static, each from Debian's source package. They have a
# prefix of their own in the cache (libraries-<hash>), so that a change of a patch of
# PJSIP does not compile OpenSSL again, and are copied into PJSIP's. In MSYS2 compiler
# and libraries are the system's. Not written for bash 3.2: macOS does not come here.

link=$here/prefix-windows-amd64
log=$here/work/build-windows-amd64.log
parts="$parts windows.sh libraries.sh"
host=x86_64-w64-mingw32
debug=0 san="" pools=""

case $os:$msys2 in
Linux:*) cross=$host- ;;
*:yes)   cross="" ;;
*)       die "windows-amd64 is built on Debian and in MSYS2, not on $os" ;;
esac

# No stack protector: its half in libgcc would be one more library.
cflags="-O2 -DNDEBUG -D_WIN32_WINNT=0x0A00"

if [ -n "$cross" ]; then
	export CC=${cross}gcc-posix CXX=${cross}g++-posix AR=${cross}ar RANLIB=${cross}ranlib
	host_option=--host=$host
	compiler_packages=gcc-mingw-w64-x86-64-posix
	target_packages="gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix mingw-w64-x86-64-dev binutils-mingw-w64-x86-64"
	headers=""
	programs='
x86_64-w64-mingw32-gcc-posix gcc-mingw-w64-x86-64-posix - - - -
x86_64-w64-mingw32-g++-posix g++-mingw-w64-x86-64-posix - - - -
x86_64-w64-mingw32-windres   binutils-mingw-w64-x86-64  - - - -
pkg-config                   pkg-config                 - - - -
make                         make                       - - - -
patch                        patch                      - - - -
perl                         perl                       - - - -
xz                           xz-utils                   - - - -
'
else
	[ "${MSYSTEM:-}" = UCRT64 ] || die "this is MSYS2's environment ${MSYSTEM:-MSYS}; use its UCRT64 shell, or build.ps1"
	# Links that are files of their own: Windows' own take rights, and MSYS2's default is a copy of the folder.
	export MSYS=winsymlinks:lnk
	unset PKG_CONFIG_PATH # MSYS2's pkg-config looks there anyway
	# C23, the default of new compilers, is not what these sources are in.
	export CC=gcc CXX=g++
	cflags="$cflags -std=gnu17"
	host_option=--build=$host # config.guess says pc-mingw64, for which PJSIP would not know that it is 64 bits
	msys=${MINGW_PACKAGE_PREFIX:-mingw-w64-ucrt-x86_64}
	headers="
openssl/ssl.h               - - - $msys-openssl      -
opus/opus.h                 - - - $msys-opus         -
srtp2/srtp.h                - - - $msys-libsrtp      -
speex/speex.h               - - - $msys-speex        -
speex/speex_echo.h          - - - $msys-speexdsp     -
gsm/gsm.h                   - - - $msys-gsm          -
bcg729/decoder.h            - - - $msys-bcg729       -
opencore-amrnb/interf_dec.h - - - $msys-opencore-amr -
vo-amrwbenc/enc_if.h        - - - $msys-vo-amrwbenc  -
"
	compiler_packages=$msys-gcc
	target_packages="$msys-gcc $(echo "$headers" | awk 'NF { print $5 }')"
	programs="
pkg-config                  - - - $msys-pkgconf      -
make                        - - - make               -
patch                       - - - patch              -
xz                          - - - xz                 -
"
fi

. "$here/libraries.sh"

target_libraries() {
	if [ -n "$cross" ]; then build_libraries; else libs=$MINGW_PREFIX; fi
	# Where these libraries are in their own .pc files is where they were built.
	cflags="$cflags -DBCG729_STATIC -I$libs/include"
	ldflags="-L$libs/lib -static"
	# Without libcrypto here configure does not find what it asks libsrtp for.
	export LIBS="-lcrypto -lcrypt32 -liphlpapi -lws2_32 -lgdi32"
	configure_options="$(echo "$configure_options" | sed 's/--enable-epoll//') $host_option --with-ssl=$libs --with-opus=$libs
		--with-bcg729=$libs --with-opencore-amr=$libs --with-opencore-amrwbenc=$libs"
}

# configure knows no interfaces of Windows, names of headers are in small letters, and
# winpthreads' threads are numbers.
target_source() {
	sed -i 's/reinterpret_cast<PlatformThreadId>(pthread_self())/(PlatformThreadId)pthread_self()/' \
		third_party/webrtc_aec3/src/rtc_base/platform_thread_types.cc
	sed -i 's/<Windows\.h>/<windows.h>/' third_party/webrtc_aec3/src/rtc_base/system/file_wrapper.cc
	sed -i 's/^\( *# *include <\)\([A-Z][A-Za-z_]*\.h>\)/\1\L\2/' pjmedia/src/pjmedia-audiodev/wmme_dev.c
	sed -i 's/ip_helper_generic\.o/ip_helper_win32.o/' pjlib/build/Makefile
	sed -i 's/<Iphlpapi\.h>/<iphlpapi.h>/' pjlib/src/pj/ip_helper_win32.c
}

# The libraries go along, and opus, which Offhook uses itself, with header and .pc.
target_install() {
	[ -n "$cross" ] || return 0
	cp "$libs"/lib/*.a "$1/lib/"
	mkdir -p "$1/include/opus"
	cp "$libs"/include/opus/*.h "$1/include/opus/"
	sed "s|^prefix=.*|prefix=$prefix|; s|^\\(exec_prefix\\)=.*|\\1=\${prefix}|" "$libs/lib/pkgconfig/opus.pc" >"$1/lib/pkgconfig/opus.pc"
}

# target_link LIBS prints what the .pc has for a static link.
target_link() {
	echo "$1" | sed "s|-L$libs/lib||g; s| -static||g" 
}

# What the go command needs besides, to cross-compile.
target_env() {
	[ -n "$cross" ] || return 0
	printf "export %s='%s'\n" GOOS windows GOARCH amd64 CGO_ENABLED 1 CC "$CC" CXX "$CXX" PKG_CONFIG_LIBDIR "$link/lib/pkgconfig"
}
