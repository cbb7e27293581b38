#!/bin/sh
# Regenerates crates/protocol/src/generated from the Cap'n Proto schema, or with
# --check fails when the committed code differs from what the schema gives.
#
# Needs `capnp` (Debian: capnproto) and `capnpc-rust`:
#   cargo install capnpc --version =0.27.0
# CAPNP and CAPNPC_RUST override where they are found.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
protocol="$root/crates/protocol"
committed="$protocol/src/generated/kayle_capnp.rs"
capnp=${CAPNP:-capnp}
plugin=${CAPNPC_RUST:-$(command -v capnpc-rust || true)}

if [ -z "$plugin" ]; then
    echo "capnpc-rust not found: cargo install capnpc --version =0.27.0, or set CAPNPC_RUST" >&2
    exit 2
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$capnp" compile --output="$plugin:$out" --src-prefix="$protocol/schema" "$protocol/schema/kayle.capnp"

case "${1:-}" in
"") cp "$out/kayle_capnp.rs" "$committed" ;;
--check)
    if ! diff -u "$committed" "$out/kayle_capnp.rs" >&2; then
        echo "generated code is stale: run scripts/generate-protocol.sh" >&2
        exit 1
    fi
    ;;
*)
    echo "usage: $0 [--check]" >&2
    exit 2
    ;;
esac
