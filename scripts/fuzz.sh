#!/usr/bin/env bash
# Fuzzes for SECONDS each (30 by default) the named targets, or all of them: guided by
# coverage where cargo-fuzz builds, and by the stable driver otherwise. Findings are kept in
# fuzz/artifacts, new inputs in fuzz/found; nothing is added to the committed corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
usage="usage: scripts/fuzz.sh [--stable] [SECONDS] [TARGET...]"
guided=true
if [ "${1:-}" = "--stable" ]; then guided=false; shift; fi
seconds="${1:-30}"
[[ "$seconds" =~ ^[0-9]+$ ]] || { echo "$usage" >&2; exit 2; }
shift || true
targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
  for file in fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

# The instrumentation needs a nightly compiler, or a stable one that pretends to be.
build() {
  command -v cargo-fuzz >/dev/null || cargo install --quiet --locked cargo-fuzz || return 1
  if rustup run nightly rustc --version >/dev/null 2>&1; then
    cargo +nightly fuzz build
  else
    RUSTC_BOOTSTRAP=1 cargo fuzz build
  fi
}

if $guided && ! build; then
  echo "skipped: cargo-fuzz does not build here; the stable driver runs instead"
  guided=false
fi
if ! $guided; then
  # Unoptimized, so that overflows are found.
  exec cargo run --quiet -p fuzz-driver -- --seconds "$seconds" "${targets[@]}"
fi

host="$(rustc -vV | sed -n 's/^host: //p')"
folder="${CARGO_TARGET_DIR:-fuzz/target}/$host/release"
run() {
  local target="$1" found="fuzz/found/$1" log="fuzz/artifacts/$1/log"
  mkdir -p "$found" "fuzz/artifacts/$target"
  if "$folder/$target" "$found" "fuzz/corpus/$target" -max_total_time="$seconds" \
    -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="fuzz/artifacts/$target/" >"$log" 2>&1; then
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, no finding"
  else
    tail -40 "$log"
    echo "$target: a finding in fuzz/artifacts/$target"
    return 1
  fi
}
export -f run
export folder seconds
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run {}'
