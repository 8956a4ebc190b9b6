#!/usr/bin/env bash
# Writes docs/commands.md, docs/compatibility.md and docs/configuration.md from the server's own tables.
#   scripts/generate-docs.sh           rewrites the files
#   scripts/generate-docs.sh --check   only says whether they are stale, and fails if one is
# shellcheck source=scripts/lib/build.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
# What the compiler has to say is of interest only if it fails.
if ! { configure release && build release mini_redis_document_commands mini_redis_document_compatibility mini_redis_document_configuration; } >"$fresh" 2>&1; then
    cat "$fresh"
    die "the programs that write the documents could not be built"
fi

for name in commands compatibility configuration; do
    build/release/bin/mini_redis_document_"$name" >"$fresh"
    case ${1:-} in
        "") cp "$fresh" docs/"$name".md ;;
        --check)
            diff -u docs/"$name".md "$fresh" || die "docs/$name.md is stale: run scripts/generate-docs.sh"
            echo "docs/$name.md is fresh"
            ;;
        *) die "usage: scripts/generate-docs.sh [--check]" ;;
    esac
done
