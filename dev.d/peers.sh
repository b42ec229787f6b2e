# shellcheck shell=bash
# The relays that `./dev bench relay --peers` measures beside ours, below build/peers. Postfix is among the packages.

# The last Haraka that runs on Debian 12's Node.
haraka_version=3.0.3

# Package lists may be missing or old where nothing had to be installed.
download_exim() { apt-get -q download exim4-daemon-light; }

# Unless EXIM or HARAKA name one. Unpacked, not installed: Debian lets one MTA stand on a machine, and the package would take Postfix away.
ensure_exim() {
  [[ -z ${EXIM:-} ]] || return 0
  local home="$PWD/build/peers/exim" fresh="$PWD/build/peers/exim.new"
  ensure_extra adduser libdb5.3 libgnutls-dane0 libidn12 libnsl2
  # The binary was built for this name and does not start without it.
  getent passwd Debian-exim >/dev/null ||
    as_root adduser --quiet --allow-bad-names --system --group --home /nonexistent --no-create-home Debian-exim ||
    die 'the user Debian-exim could not be made: exim4 does not start without it'
  if [[ ! -x $home/usr/sbin/exim4 ]]; then
    say 'unpacking exim4'
    rm -rf "$home" "$fresh"
    mkdir -p "$fresh"
    (cd "$fresh" && { download_exim || { as_root apt-get -q update && download_exim; }; } &&
      dpkg-deb -x exim4-daemon-light_*.deb .) ||
      die 'exim4-daemon-light could not be downloaded: is the Debian archive reachable?'
    mv "$fresh" "$home" # whole, or not there
  fi
  export EXIM="$home/usr/sbin/exim4"
}

ensure_haraka() {
  [[ -z ${HARAKA:-} ]] || return 0
  local home="$PWD/build/peers/haraka-$haraka_version"
  if [[ ! -e $home/node_modules/.package-lock.json ]]; then
    say "npm install Haraka $haraka_version"
    npm install --prefix "$home" --no-audit --no-fund "Haraka@$haraka_version" ||
      die 'Haraka could not be installed: is the npm registry reachable?'
  fi
  export HARAKA="$home/node_modules/.bin/haraka"
}

# ensure_peers ARGUMENT...: those that the arguments of a benchmark name.
ensure_peers() {
  case " $* " in *--peers* | *exim*) ensure_exim ;; esac
  case " $* " in *--peers* | *haraka*) ensure_haraka ;; esac
}
