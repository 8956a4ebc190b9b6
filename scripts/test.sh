#!/usr/bin/env bash
# Installs what is missing, builds and runs the tests. Arguments go to ctest (scripts/test.sh -R unit).
# Tests with the label `long` are left to .ci/run, or: ctest --preset long
# shellcheck source=scripts/lib/build.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

scripts/install-deps.sh --test

say "building"
configure release
build release

say "testing"
ctest --preset release "$@"
