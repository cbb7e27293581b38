#!/usr/bin/env bash
# Gets axe-core, which judges the accessibility of the pages, into target/tools/axe.min.js.
set -euo pipefail
cd "$(dirname "$0")/.."
version=4.14.1
checksum=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
tools=${CARGO_TARGET_DIR:-target}/tools
if echo "$checksum  $tools/axe.min.js" | sha256sum --check --status 2>/dev/null; then exit 0; fi

mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "axe-core@$version" >/dev/null
tar -xzf "axe-core-$version.tgz" package/axe.min.js
echo "$checksum  package/axe.min.js" | sha256sum --check --quiet
mv package/axe.min.js "$tools/axe.min.js"
