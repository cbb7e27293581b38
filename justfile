# `just` lists the recipes. Nothing here is needed for the README's two commands.

default:
    @just --list

# One whole verification on this machine.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# All tests.
test *ARGS:
    cargo test --workspace {{ARGS}}

# What a reviewer will ask for first.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    cargo deny check

# Any bytes to everything that reads bytes, for SECONDS each.
fuzz SECONDS="30" *TARGETS:
    scripts/fuzz.sh {{SECONDS}} {{TARGETS}}

# What passive authentication costs beyond its cryptography.
bench-passive *ARGS:
    cargo bench -p emrtd --features sim --bench passive -- {{ARGS}}

# Import of the German master list, and the memory of a server that holds it.
bench-trust *ARGS:
    cargo bench -p emrtd --features sim --bench trust -- {{ARGS}}
    cargo bench -p server --bench memory

# What the handoff costs, beside peers that do the least. `quick` does a tenth.
bench-handoff *ARGS:
    cargo bench -p server --bench handoff -- {{ARGS}}

# What the page costs, beside a bare handler of the same bytes. `quick` does a tenth.
bench-page *ARGS:
    cargo bench -p server --bench page -- {{ARGS}}

# Pictures of every screen in screens/, and the two of the README. Needs Chromium.
screens:
    cargo run -p server --example screens

# Write the generated files again.
generate:
    scripts/generate-protocol.sh

# Everything that continuous integration runs.
ci:
    .ci/run
