#!/usr/bin/env bash
# Installs what mini-redis is built from, and only what is missing: with apt, dnf, pacman or brew.
#
#   scripts/install-deps.sh          a compiler, CMake, Ninja, Asio, fmt, spdlog, OpenSSL, Catch2
#   scripts/install-deps.sh --test   … and redis-server, which the tests compare with
#   scripts/install-deps.sh --ci     … and what the stricter checks of .ci/run use
#   … --list                         prints the packages instead
#
# Without root it asks sudo, and only if something is missing. A redis-server or an exporter that it
# installs is not started, now or at boot; one that was there before is left alone.
set -euo pipefail

say() { printf '==> %s\n' "$*"; }

die() {
    printf 'install-deps.sh: %s\n' "$*" >&2
    exit 1
}

level="build"
list_only=false
for argument in "$@"; do
    case $argument in
        --test) level="test" ;;
        --ci) level="ci" ;;
        --list) list_only=true ;;
        -h | --help)
            sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "$0"
            exit 0
            ;;
        *) die "unknown option $argument (see --help)" ;;
    esac
done

# --- The packages, one row each: level, apt, dnf, pacman, brew, and the program that makes it
# --- unnecessary ("-": none). Where a column is "-", that system needs or has nothing of the kind.
packages() {
    cat <<'TABLE'
build g++                gcc-c++             gcc        -          c++
build cmake              cmake               cmake      cmake      cmake
build ninja-build        ninja-build         ninja      ninja      ninja
build libasio-dev        asio-devel          asio       asio       -
build libfmt-dev         fmt-devel           fmt        fmt        -
build libssl-dev         openssl-devel       openssl    openssl    -
build libspdlog-dev      spdlog-devel        spdlog     spdlog     -
build catch2             catch-devel         catch2     catch2     -
build liblua5.1-0-dev    -                   -          -          -
build lua-cjson-dev      -                   -          -          -
build lua-bitop-dev      -                   -          -          -
test  redis-server       valkey-compat-redis valkey     redis      redis-server
test  redis-tools        -                   -          -          redis-cli
test  openssl             openssl             openssl    openssl    openssl
test  pkg-config         pkgconf-pkg-config  pkgconf    pkgconf    pkg-config
ci    @clang             clang               clang      llvm       -
ci    @clang-runtime     compiler-rt         compiler-rt -         -
ci    clang-format-16    clang-tools-extra   -          clang-format -
ci    libhiredis-dev      hiredis-devel       hiredis    hiredis    -
ci    python3-redis      python3-redis       python-redis -        -
ci    nodejs             nodejs              nodejs     node       node
ci    npm                nodejs-npm          npm        -          npm
ci    prometheus-redis-exporter -      -          -          prometheus-redis-exporter
ci    shellcheck         ShellCheck          shellcheck shellcheck shellcheck
TABLE
}

# wanted <column>: the packages of this level in that column, each once, without those whose program
# is there already.
wanted() {
    local row_level program name
    # shellcheck disable=SC2034 # the columns are read through ${!1}
    local apt dnf pacman brew
    # shellcheck disable=SC2034
    while read -r row_level apt dnf pacman brew program; do
        case $level/$row_level in
            build/test | build/ci | test/ci) continue ;;
        esac
        if [ "$program" != - ] && command -v "$program" >/dev/null; then continue; fi
        name=${!1}
        if [ "$name" != - ]; then echo "$name"; fi
    done < <(packages)
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "root or sudo is needed to install packages: run '$*' as root"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        "$@" </dev/null
}

apt_is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The newest Clang from 16 on that is installed or, failing that, packaged: prints its number.
newest_clang() {
    local number
    for number in 22 21 20 19 18 17 16; do
        if apt_is_installed "clang-$number"; then
            echo "$number"
            return
        fi
    done
    for number in 22 21 20 19 18 17 16; do
        if [ -n "$(apt-cache madison "clang-$number" 2>/dev/null)" ]; then
            echo "$number"
            return
        fi
    done
}

install_with_apt() {
    local package clang="" names=() missing=()
    read -r -d '' -a names < <(wanted apt) || true
    for package in "${names[@]}"; do
        case $package in
            @clang*) [ -n "$clang" ] || clang=$(newest_clang) ;;
        esac
    done
    # The package lists may be missing altogether, and then no Clang is known yet.
    if [ -z "$clang" ] && [ "$level" = ci ] && ! $list_only; then
        apt_get update || true
        clang=$(newest_clang)
    fi
    clang=${clang:-16}
    for package in "${names[@]}"; do
        case $package in
            @clang) package=clang-$clang ;;
            @clang-runtime) package=libclang-rt-$clang-dev ;;
        esac
        if $list_only || ! apt_is_installed "$package"; then missing+=("$package"); fi
    done
    if $list_only; then
        printf '%s\n' "${missing[@]}"
        return
    fi
    if [ ${#missing[@]} = 0 ]; then return; fi
    say "installing ${missing[*]}"
    apt_get update || say "the package lists could not be refreshed; going on with the old ones"
    # clang-format 16 judges the layout in .ci/run; a distribution without it skips that check.
    for package in "${!missing[@]}"; do
        if [ "${missing[package]}" = clang-format-16 ] && [ -z "$(apt-cache madison clang-format-16)" ]; then
            say "clang-format-16 is not packaged here: the format check will be skipped"
            unset 'missing[package]'
        fi
    done
    case " ${missing[*]} " in
        *" redis-server "* | *" prometheus-redis-exporter "*)
            without_starting_services apt_get install --no-install-recommends "${missing[@]}"
            ;;
        *) apt_get install --no-install-recommends "${missing[@]}" ;;
    esac
}

# Debian starts a service as soon as it is installed, unless policy-rc.d says no. Ours is there only
# meanwhile, and only if the machine has none of its own.
without_starting_services() {
    local policy=/usr/sbin/policy-rc.d ours=false service
    if [ ! -e "$policy" ]; then
        ours=true
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    "$@"
    if $ours; then
        as_root rm -f "$policy"
        trap - EXIT
    fi
    for service in redis-server prometheus-redis-exporter; do
        case " $* " in *" $service "*) ;; *) continue ;; esac
        if [ -d /run/systemd/system ]; then
            as_root systemctl disable --quiet "$service.service" || true
        elif command -v update-rc.d >/dev/null; then
            as_root update-rc.d "$service" disable >/dev/null 2>&1 || true
        fi
    done
}

# Packages one by one where names differ between releases: what is not there is fetched by CMake, or
# the tests that need it are skipped.
install_each() {
    local column=$1 package names=()
    shift
    read -r -d '' -a names < <(wanted "$column") || true
    for package in "${names[@]}"; do
        if $list_only; then
            echo "$package"
        else
            "$@" "$package" </dev/null || say "$package could not be installed; going on without it"
        fi
    done
}

if command -v apt-get >/dev/null; then
    install_with_apt
elif command -v dnf >/dev/null; then
    install_each dnf as_root dnf install -y
elif command -v pacman >/dev/null; then
    install_each pacman as_root pacman -S --needed --noconfirm
elif command -v brew >/dev/null; then
    install_each brew brew install
else
    for program in c++ cmake; do
        command -v "$program" >/dev/null || die "found none of apt, dnf, pacman and brew, and no $program. Please \
install a C++20 compiler (GCC 12, Clang 16 or newer), CMake 3.25 or newer and, better, Ninja"
    done
    say "found none of apt, dnf, pacman and brew: CMake fetches Asio, fmt, spdlog and Catch2 if they are not installed"
fi

if ! $list_only; then
    version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9]*\.[0-9]*\).*/\1/p')
    if [ "${version%.*}" -lt 3 ] || { [ "${version%.*}" -eq 3 ] && [ "${version#*.}" -lt 25 ]; }; then
        die "CMake 3.25 or newer is needed, and this system has $version (https://cmake.org/download)"
    fi
fi
