#!/usr/bin/env bash
# Fetches the npm packages that tests/applications runs against the server, at the versions of its
# package-lock.json. They go to build/node-packages (or the directory given), and only if they are not
# there yet. Their install scripts are not run.
#
#   scripts/install-node-packages.sh [directory]
# shellcheck source=scripts/lib/build.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

directory=${1:-build/node-packages}
lock=tests/applications/package-lock.json

if ! command -v npm >/dev/null; then
    say "no npm: the tests that need its packages will be skipped"
    exit 0
fi
# The copy with this name is written last: it tells that everything is there.
if cmp -s "$lock" "$directory/installed-lock.json"; then exit 0; fi

say "fetching the npm packages of tests/applications"
mkdir -p "$directory"
cp tests/applications/package.json "$lock" "$directory/"
npm ci --prefix "$directory" --ignore-scripts --no-audit --no-fund --no-update-notifier
cp "$lock" "$directory/installed-lock.json"
