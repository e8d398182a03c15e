# common.sh - read by the other scripts: where things are, and how many CPUs there are.
# shellcheck shell=bash disable=SC2034
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scripts=$root/scripts
jobs=${CY_JOBS:-$(nproc)}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

say() {
    printf '== %s\n' "$*"
}

# usage TEXT - the comment at the head of the script, without the marks.
usage() {
    sed -n '2,/^[^#]/{ s/^# \{0,1\}//p }' "$0"
}

# configure PRESET - make build/PRESET, or bring it up to date.
configure() {
    local log=$root/build/$1.log
    mkdir -p "$root/build"
    cd "$root" || exit
    if ! cmake --preset "$1" "-DCY_WERROR=${CY_WERROR:-OFF}" >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
}

# build PRESET [TARGET...] - configure and build into build/PRESET.
build() {
    local preset=$1 target targets=()
    shift
    for target in "$@"; do
        targets+=(--target "$target")
    done
    (
        configure "$preset"
        cmake --build "build/$preset" --parallel "$jobs" "${targets[@]}"
    )
}

# run_tests PRESET [CTEST-ARGUMENTS...] - what is in build/PRESET. There are two slots for each
# CPU: a test that computes takes two of them, one that mostly waits takes one.
run_tests() {
    local preset=$1
    shift
    ctest --test-dir "$root/build/$preset" --parallel $((2 * jobs)) --output-on-failure \
        --no-label-summary "$@"
}
