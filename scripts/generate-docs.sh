#!/usr/bin/env bash
# Writes docs/commands.md from the server's own table of commands.
#   scripts/generate-docs.sh           rewrites the file
#   scripts/generate-docs.sh --check   only says whether it is stale, and fails if it is
# shellcheck source=scripts/lib/build.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

configure release >/dev/null
build release mini_redis_document_commands >/dev/null
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
build/release/bin/mini_redis_document_commands >"$fresh"

case ${1:-} in
    "") cp "$fresh" docs/commands.md ;;
    --check)
        diff -u docs/commands.md "$fresh" || die "docs/commands.md is stale: run scripts/generate-docs.sh"
        echo "docs/commands.md is fresh"
        ;;
    *) die "usage: scripts/generate-docs.sh [--check]" ;;
esac
