# shellcheck shell=bash
# How the script talks: short headings on stderr, one clear reason when it gives up.

say() { printf '\n== %s\n' "$*" >&2; }

die() {
  printf '\ndev: %s\n' "$*" >&2
  exit 1
}

# python: Debian's own, so that the modules installed by apt are found even where another one comes first on PATH.
python() { /usr/bin/python3 "$@"; }
