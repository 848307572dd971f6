# The commands that a day of work needs: `just` lists them. Each one is a plain command that works without just, too.

# list the recipes
default:
    @just --list --unsorted

# type-check everything, tests too: the fastest answer
check:
    cargo check --workspace --all-targets

# run the tests whose path contains FILTER, in parallel where cargo-nextest is installed
test FILTER='':
    #!/usr/bin/env bash
    set -euo pipefail
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace {{ quote(FILTER) }}
    else
        cargo test --workspace -- {{ quote(FILTER) }}
    fi

# before a commit: format, lints, structure, unit tests, patches (a minute on a warm tree)
quick:
    .ci/run quick

# before a push: every step, or the named ones (`just ci format lints`; `just ci --list`)
ci *STEP:
    .ci/run {{ STEP }}

# play the demo day, then keep serving on http://127.0.0.1:50700
demo *ARGUMENTS:
    cargo run --release -- demo {{ ARGUMENTS }}

# play one shop of the simulator: seed N, for DAYS days
seed N DAYS='2':
    cargo run --release -p ferrotill-hardware-tests --bin simulate -- --seed {{ N }} --days {{ DAYS }}

# fuzz TARGET of core, device or edge-agent for SECONDS (needs nightly Rust and cargo-fuzz)
fuzz TARGET SECONDS='60':
    #!/usr/bin/env bash
    set -euo pipefail
    for crate in core device edge-agent; do
        cd {{ quote(justfile_directory()) }}/$crate/fuzz
        if [ -e fuzz_targets/{{ TARGET }}.rs ]; then
            mkdir -p corpus/{{ TARGET }}
            corpora=(corpus/{{ TARGET }})
            if [ -d seeds/{{ TARGET }} ]; then corpora+=(seeds/{{ TARGET }}); fi
            exec cargo +nightly fuzz run {{ TARGET }} "${corpora[@]}" -- -max_total_time={{ SECONDS }}
        fi
    done
    echo "no crate has the fuzz target {{ TARGET }}; they are the files under */fuzz/fuzz_targets/" >&2
    exit 2

# measure speed and size beside their baselines (docs/PERFORMANCE.md)
measure *ARGUMENTS:
    cargo run --release -p ferrotill-hardware-tests --bin measure -- {{ ARGUMENTS }}

# count again what a sale, a start and a quiet till cost, and write hardware-tests/counts.txt, with which tests compare
counts *ARGUMENTS:
    cargo run -p ferrotill-hardware-tests --bin measure -- --only counts,instructions,wakeups --keep-counts yes {{ ARGUMENTS }}

# measure sales on a disk whose flushes take 3 ms; needs root, /dev/fuse and a loop device
slow-disk *ARGUMENTS:
    cargo build --release
    python3 hardware-tests/acceptance/slow_disk.py target/release/ferrotill {{ ARGUMENTS }}

# compare receipts on the line to the printer with drivers of other authors (hardware-tests/peers/README.md)
peers *ARGUMENTS:
    cargo build --release
    python3 hardware-tests/peers/run.py target/release/ferrotill {{ ARGUMENTS }}

# say what each crate costs in the release program
size:
    CARGO_PROFILE_RELEASE_STRIP=none cargo build --release --target-dir target/symbols
    python3 hardware-tests/size/by_crate.py target/symbols/release/ferrotill

# build the documentation of all crates, and open it
doc:
    cargo doc --workspace --no-deps --open
