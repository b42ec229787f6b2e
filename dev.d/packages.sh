# shellcheck shell=bash
# Installs the packages of packages.txt that are missing, without a question and without starting a service.

missing_packages() {
  local name condition command
  while read -r name condition command; do
    case "$name" in '' | '#'*) continue ;; esac
    if [[ "$condition" == if-missing ]] && command -v "$command" >/dev/null; then continue; fi
    is_installed "$name" || echo "$name"
  done < dev.d/packages.txt
}

as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; else sudo -n "$@"; fi
}

# A policy-rc.d that says "forbidden" (101) keeps postinst scripts from starting Postfix; the one that was there returns.
forbid_services() {
  as_root sh -c '[ ! -e /usr/sbin/policy-rc.d ] || [ -e /usr/sbin/policy-rc.d.before-stellwerk ] || mv /usr/sbin/policy-rc.d /usr/sbin/policy-rc.d.before-stellwerk
    printf "#!/bin/sh\nexit 101\n" > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d'
}

allow_services() {
  as_root sh -c 'rm -f /usr/sbin/policy-rc.d
    [ ! -e /usr/sbin/policy-rc.d.before-stellwerk ] || mv /usr/sbin/policy-rc.d.before-stellwerk /usr/sbin/policy-rc.d'
}

apt_install() {
  local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600)
  as_root "${apt[@]}" update || die "apt-get update failed: the Debian archive is not reachable from here"
  # "No configuration": the tests run Postfix with directories of their own, the system's stays untouched.
  as_root sh -c 'echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections'
  (
    trap allow_services EXIT
    forbid_services
    as_root "${apt[@]}" install --no-install-recommends "$@"
  ) || die "apt-get could not install: $*"
}

is_installed() { [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

# ensure_extra NAME...: packages that only one rarely used verb needs.
ensure_extra() {
  local name
  local -a missing=()
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  if [[ ${#missing[@]} -gt 0 ]]; then apt_install "${missing[@]}" >&2; fi
}

ensure_packages() {
  command -v dpkg-query >/dev/null || die "this script supports Debian 12; dpkg is not here"
  local -a missing
  mapfile -t missing < <(missing_packages)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $EUID -ne 0 ]] && ! sudo -n true 2>/dev/null; then
    die "these packages are missing and neither root nor password-less sudo is at hand: ${missing[*]}"
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  apt_install "${missing[@]}" >&2
}
