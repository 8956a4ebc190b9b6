# shellcheck shell=bash
# What the scripts share: where the project is, how it speaks, how it configures and builds a preset.
# Sourced, never run. Afterwards the working directory is the project's root.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

say() { printf '\n==> %s\n' "$*"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# How many compilers may run at once: one a core, but a coroutine-heavy file takes up to 1.5 GiB.
build_jobs() {
    local cores memory_gib
    cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
    if [ -r /proc/meminfo ]; then
        memory_gib=$(awk '/^MemAvailable:/ { print int($2 / 1048576 / 1.5) }' /proc/meminfo)
        [ "$memory_gib" -ge 1 ] || memory_gib=1
        [ "$cores" -le "$memory_gib" ] || cores=$memory_gib
    fi
    echo "$cores"
}

# configure <preset> [option…]
configure() {
    local preset=$1
    shift
    # Ninja where there is one; a tree that is already configured keeps its generator.
    if [ -z "${CMAKE_GENERATOR:-}" ] && command -v ninja >/dev/null; then
        export CMAKE_GENERATOR=Ninja
    fi
    # Warnings are errors in CI, not for users.
    if [ "${CI:-}" = true ]; then
        set -- -DMINI_REDIS_WARNINGS_AS_ERRORS=ON "$@"
    fi
    cmake --preset "$preset" "$@"
}

# build <preset> [target…]
build() {
    local preset=$1
    shift
    if [ $# -gt 0 ]; then set -- --target "$@"; fi
    cmake --build --preset "$preset" --parallel "$(build_jobs)" "$@"
}
