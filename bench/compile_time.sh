#!/usr/bin/env bash
# How long a user waits for the headers, in processor time: the best of three compilations of each public
# header alone, and of a program that uses the client (tests/consumer/project/main.cpp), which should take
# under 3 s.
#
#   bench/compile_time.sh [compiler [option…]]      default: c++ -O2
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# = 0 ]; then set -- c++ -O2; fi
command=("$@" -std=c++20 -DASIO_STANDALONE -DASIO_SEPARATE_COMPILATION -DASIO_HAS_CO_AWAIT=1
    -DASIO_HAS_STD_COROUTINE=1 -DASIO_HAS_STD_ALIGNED_ALLOC=1 -Iinclude -c -o /dev/null -x c++)

# best_of_three <name> <source>
best_of_three() {
    local best="" seconds TIMEFORMAT="%U"
    for _ in 1 2 3; do
        seconds=$({ time "${command[@]}" "$2"; } 2>&1)
        if [ -z "$best" ] || [ "$(printf '%s\n' "$seconds" "$best" | sort -n | head -1)" = "$seconds" ]; then
            best=$seconds
        fi
    done
    printf '%6.2f s  %s\n' "$best" "$1"
}

source=$(mktemp)
trap 'rm -f "$source"' EXIT
for header in include/mini_redis/*.hpp; do
    echo "#include <${header#include/}>" >"$source"
    best_of_three "${header#include/}" "$source"
done
best_of_three "a program that uses the client" tests/consumer/project/main.cpp
