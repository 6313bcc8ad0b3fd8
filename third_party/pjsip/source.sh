# Where sources come from, and what is checked. Sourced by build.sh.
#
# Uses: have, say, die, sha256_of, locked, $cache, $work.

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

# source_index MIRROR SUITE reads the index of that suite's sources into $work/apt,
# where print_uris and download then look things up.
source_index() {
	local dir=$work/apt signed=""
	rm -rf "$dir"
	mkdir -p "$dir"
	private_apt_conf "$dir" >"$dir/apt.conf"
	[ -f /usr/share/keyrings/debian-archive-keyring.gpg ] &&
		signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
	echo "deb-src $signed$1 $2 main" >"$dir/sources.list"
	say "reading the source index of Debian $2"
	APT_CONFIG=$dir/apt.conf apt-get update >"$dir/log" 2>&1
}

# print_uris SOURCE prints what a source package consists of, a line each:
# 'URI' name size SHA256:sum
print_uris() {
	APT_CONFIG=$work/apt/apt.conf apt-get source --only-source --print-uris "$1" 2>>"$work/apt/log"
}

# download URI FILE SUM fetches what print_uris has named.
download() {
	APT_CONFIG=$work/apt/apt.conf /usr/lib/apt/apt-helper download-file "$1" "$2" "SHA256:$3" >>"$work/apt/log" 2>&1
}

from_distribution() {
	local mirror suite dir file uri name size sum version source component
	have apt-get && have apt-config && [ -x /usr/lib/apt/apt-helper ] || return 1
	source=$(locked debian-source) component=$(locked debian-component)
	dir=$work/apt
	for mirror in $(debian_mirrors); do
		for suite in $(locked debian-suite); do
			if ! source_index "$mirror" "$suite" || ! print_uris "$source" >"$dir/uris"; then
				say "Debian $suite: $(grep -m1 '^[EW]:' "$dir/log" || echo 'no source index')"
				continue
			fi
			set -- $(grep -- "orig-X*$component\.tar" "$dir/uris" | grep -v '\.asc ' | head -1)
			[ $# -ge 4 ] || { say "Debian $suite: $source has no component $component"; continue; }
			uri=${1#\'} uri=${uri%\'} name=$2 size=$3 sum=${4#SHA256:}
			[ "$sum" != "$4" ] || { say "Debian $suite: no sha256 for $name"; continue; }
			say "fetching $name ($((size / 1024)) KiB)"
			file=$work/$name
			if ! download "$uri" "$file" "$sum"; then
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
