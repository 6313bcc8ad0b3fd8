# The packages of the system that the build needs. Sourced by build.sh; windows.sh
# replaces the tables.
#
# missing and need_packages use: have, say, die, $here, $CC, $os.

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

# What brings a C compiler, when there is none and it is not the package gcc, with libc6-dev on Debian.
compiler_packages=

# missing COLUMN prints the packages of that column whose header or program is
# not there. One run of the preprocessor answers for all headers; without a
# compiler there is no answer, and all are listed.
missing() {
	local column=$1 header program rest
	{
		if ! have "$CC"; then
			if [ -n "$compiler_packages" ]; then echo $compiler_packages | tr ' ' '\n'
			elif [ "$column" = 2 ]; then printf 'gcc\nlibc6-dev\n'
			else echo gcc
			fi
			echo "$headers" | awk -v c="$column" 'NF { print $c }'
		else
			echo "$headers" | while read -r header rest; do
				[ -n "$header" ] || continue
				printf '#if !__has_include(<%s>)\nMISSING %s\n#endif\n' "$header" \
					"$(echo "$header $rest" | awk -v c="$column" '{ print $c }')"
			done | $CC ${CPPFLAGS:-} -E -P -x c - 2>/dev/null | tr -d '\r' | sed -n 's/^MISSING //p'
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
	if [ "$msys2" = yes ];    then column=5 how="pacman -S --needed"
	elif [ "$os" = Darwin ];  then column=6 how="brew install"
	elif have apt-get;        then column=2 how="apt-get install"
	elif have dnf;            then column=3 how="dnf install"
	elif have apk;            then column=4 how="apk add"
	elif have pacman;         then column=5 how="pacman -S"
	else column=2 how=""
	fi
	names=$(missing $column)
	[ -n "$names" ] || return 0
	if [ "$msys2" = yes ]; then # which takes no rights
		say "installing $names"
		mkdir -p "$here/work"
		$how --noconfirm $names >"$here/work/pacman.log" 2>&1 </dev/null || {
			tail -15 "$here/work/pacman.log" >&2
			die "pacman could not install: $names
    Run pacman -Syu until it says that there is nothing to do, and then this again."
		}
		names=$(missing $column)
		[ -z "$names" ] || die "still missing after installation: $names"
		return 0
	fi
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
