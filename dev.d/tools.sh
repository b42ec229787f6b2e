# shellcheck shell=bash
# Tools that Debian does not have, at pinned versions, below build/tools.

# The last helm whose module builds with Debian 12's Go 1.19; newer Go builds it as well.
helm_version=v3.12.3

ensure_helm() {
  local home="$PWD/build/tools/helm-$helm_version"
  if [[ ! -x $home/helm ]]; then
    say "building helm $helm_version"
    command -v go >/dev/null || die "go is missing, helm cannot be built"
    GOBIN="$home" GOFLAGS=-buildvcs=false go install "helm.sh/helm/v3/cmd/helm@$helm_version" ||
      die "helm $helm_version could not be built: is the Go module proxy reachable?"
  fi
  ln -sfn "helm-$helm_version/helm" build/tools/helm
}

# Runs buf from the npm registry at a pinned version; its platform package works without a post-install script.
buf() {
  command -v npx >/dev/null || die "npm is missing, buf cannot run"
  npx --yes --package=@bufbuild/buf@1.75.0 -- buf "$@"
}

# The packages that Node clients in the tests need, exactly as their lock files say.
ensure_node_modules() {
  local lock folder
  for lock in tests/*/package-lock.json tests/*/*/package-lock.json; do
    [[ -e $lock ]] || continue
    folder=$(dirname "$lock")
    if [[ $folder/node_modules/.package-lock.json -nt $lock ]]; then continue; fi
    say "npm ci in $folder"
    npm ci --prefix "$folder" --no-audit --no-fund || die "npm ci failed in $folder: is the npm registry reachable?"
  done
}
