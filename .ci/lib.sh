# Sourced by ./test and by everything in .ci: how a step is announced, with the seconds since its script began, and how a
# skipped one is kept from being missed.

set -euo pipefail

skipped=()

step() {
    printf '\n\033[1m==> %s\033[0m (after %d s)\n' "$*" "$SECONDS"
}

# skip WHAT WHY: notes that a part could not run here.
skip() {
    skipped+=("$1: $2")
    printf '\n!!! SKIPPED %s: %s\n' "$1" "$2" >&2
}

fail() {
    printf '\n!!! %s\n' "$*" >&2
    exit 1
}

# Last line of a script: repeats what was skipped, which is a failure where nobody would read it (CI=true).
finish() {
    if ((${#skipped[@]})); then
        printf '\n!!! %s: everything that ran passed, but this did not run:\n' "$1" >&2
        printf '!!!   %s\n' "${skipped[@]}" >&2
        if [[ ${CI:-} == true ]]; then
            exit 1
        fi
        return
    fi
    printf '\n%s: passed\n' "$1"
}

# toolchain NAME [COMPONENT…]: true when rustup has it, or can get it now.
toolchain() {
    local name=$1
    shift
    command -v rustup >/dev/null || return 1
    rustup run "$name" rustc --version >/dev/null 2>&1 ||
        rustup toolchain install "$name" --profile minimal --no-self-update || return 1
    if (($#)); then
        rustup component add --toolchain "$name" "$@" >/dev/null || return 1
    fi
}

# The features of the facade, from its manifest: the names in [features] other than `default`.
features() {
    sed -n '/^\[features\]/,/^\[/ s/^\([a-z][a-z0-9-]*\) = .*/\1/p' Cargo.toml | grep -vx default
}
