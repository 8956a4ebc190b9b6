#!/usr/bin/env bash
# Lays out every source with clang-format 16, the version whose opinion counts, since versions differ.
#   scripts/format.sh           rewrites what differs
#   scripts/format.sh --check   only says what differs, and fails if anything does
# shellcheck source=scripts/lib/build.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

clang_format=$(command -v clang-format-16 || command -v clang-format) || die "clang-format 16 is not installed"
case $("$clang_format" --version) in
    *"version 16."*) ;;
    *) die "clang-format 16 is wanted, and $clang_format is another" ;;
esac

mapfile -t files < <(git ls-files '*.cpp' '*.hpp')
case ${1:-} in
    "") "$clang_format" -i "${files[@]}" ;;
    --check)
        "$clang_format" --dry-run --Werror "${files[@]}" || die "run scripts/format.sh"
        echo "${#files[@]} files are formatted"
        ;;
    *) die "usage: scripts/format.sh [--check]" ;;
esac
