#!/usr/bin/env bash
# The whole pipeline with one command: sets up what is missing, then trains a tokenizer and a model, fine-tunes it
# and writes a report. All options go to `nanocrab speedrun`:
#
#   ./speedrun.sh                  minutes on a CPU, nothing downloaded but libtorch and crates
#   ./speedrun.sh --text FOLDER    pretrains on the .txt, .md, .jsonl and .parquet files of a folder
#   ./speedrun.sh --mine           trains with your answers to the exercises that plug in
#   ./speedrun.sh --mine 01,03     with those of these chapters
#   ./speedrun.sh --nproc auto     one rank for each GPU, sharing the work; a number starts so many, on a CPU too
#   ./speedrun.sh --help           the other options
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# Relative paths mean the folder that the caller stands in. The recipes that are built in have no dot and no slash.
place() {
    case "$1 $2" in
        "--text "[!/-]* | "--runs-dir "[!/-]* | "--recipe "[!/-]*[./]*) printf '%s/%s' "$PWD" "$2" ;;
        *) printf '%s' "$2" ;;
    esac
}
options=()
previous=
program=nanocrab
for option in "$@"; do
    case $option in
        --mine | --mine=*) program=mine ;;
    esac
    case $option in
        --text=* | --recipe=* | --runs-dir=*) options+=("${option%%=*}=$(place "${option%%=*}" "${option#*=}")") ;;
        *) options+=("$(place "$previous" "$option")") ;;
    esac
    previous=$option
done
cd -- "$root"

# rustup puts cargo here, and a terminal that was open before does not know it yet.
if ! command -v cargo >/dev/null && [[ -x $HOME/.cargo/bin/cargo ]]; then
    PATH="$HOME/.cargo/bin:$PATH"
fi
if ! command -v cargo >/dev/null; then
    echo "error: Rust is missing: install it with \`curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh\`" >&2
    exit 1
fi

target=${CARGO_TARGET_DIR:-${CARGO_BUILD_TARGET_DIR:-target}}
if [[ ! -x $target/debug/course ]]; then
    echo "Compiling the course's tool: once, some 20 seconds on two cores." >&2
fi
cargo course setup

# From here on .libtorch is the one that counts; a LIBTORCH of your own is linked there.
unset LIBTORCH
# Programs look for it beside the target folder. A target folder elsewhere needs to be told.
if [[ $target == */* && ${target%/*} != "$root" ]]; then
    export LD_LIBRARY_PATH="$root/.libtorch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    export DYLD_LIBRARY_PATH="$root/.libtorch/lib${DYLD_LIBRARY_PATH:+:$DYLD_LIBRARY_PATH}"
fi
# Read by libtorch's threads before the program begins: sleep while waiting, leave the cores to others.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

if [[ ! -x $target/debug/nanocrab && ! -x $target/debug/mine ]]; then
    echo "Compiling the chapters and the binding to libtorch: once, some minutes (the binding alone takes one to two on two cores)." >&2
fi
# Without --package: cargo then chooses the same features as for the checks, and compiles nothing twice. `mine` is no
# default member, because it needs the exercises to compile; what is left out beside it are the other ones that are none.
if [[ $program == nanocrab ]]; then
    cargo build --bin nanocrab
elif ! cargo build --workspace --exclude weave --exclude judge --exclude 'solutions-*' --exclude 'exercises-*' --bin mine; then
    echo "error: what --mine trains with does not compile: the compiler's messages above say where. Without --mine the" \
        "chapters' own code is run" >&2
    exit 1
fi
exec "$target/debug/$program" speedrun ${options[@]+"${options[@]}"}
