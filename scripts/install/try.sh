#!/usr/bin/env bash
# try.sh - run in a clean Debian by scripts/packages: installs the packages and tries them.
set -euo pipefail
cd /

die() {
    printf 'try: %s\n' "$*" >&2
    exit 1
}

# quietly COMMAND... - shows what it said only when it fails.
quietly() {
    "$@" >/tmp/said 2>&1 || { tail -30 /tmp/said >&2 && die "failed: $*"; }
}

install_packages() {
    quietly apt-get install -y --no-install-recommends "$@"
}

# A server on each of two CPUs' worth of threads answers; and it ends in good order.
try_server() {
    local port=7999 reply
    cycos-kv --port $port --cores 2 --metrics-port 9464 >/tmp/kv.log 2>&1 &
    local pid=$!
    for _ in $(seq 600); do
        ! grep -q '^kv: ready' /tmp/kv.log || break
        sleep 0.1
    done
    exec 3<>/dev/tcp/127.0.0.1/$port
    printf 'SET a 1\r\nGET a\r\n' >&3
    read -r -t 30 reply <&3
    [ "$reply" = $'+OK\r' ] || die "the server said: $reply"
    exec 3>&-
    exec 4<>/dev/tcp/127.0.0.1/9464
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&4
    grep -q '^cycos_core_up{core="1"} 1$' <&4 || die "no metrics"
    exec 4>&-
    kill -TERM $pid
    wait $pid || die "the server ended with $?"
}

quietly apt-get update
install_packages /packages/libcycos0_*.deb /packages/cycos-tools_*.deb
ldconfig -p | grep -q 'libcycos\.so\.0' || die "the library is not found"
for program in cycos-kv cycos-load cycos-launch; do
    quietly $program --help
done
try_server
quietly cycos-launch -n 2 --udp-port 52350 -- cycos-load --help
echo "try: the programs run"

# minbase leaves manual pages out only when told so.
[ -s /usr/share/man/man1/cycos-kv.1 ] || die "no manual page"

install_packages /packages/libcycos-dev_*.deb gcc libc6-dev pkgconf cmake make binutils
alone=(--cores 2 --node 127.0.0.1 --no-discover-peers --log-level error)
cd /tmp
# shellcheck disable=SC2046
quietly gcc /sample/sample.c -o shared $(pkg-config --cflags --libs cycos)
# shellcheck disable=SC2046
quietly gcc -static /sample/sample.c -o static $(pkg-config --static --cflags --libs cycos)
quietly cmake -S /sample -B cmake
quietly cmake --build cmake
for program in shared static cmake/sample_shared cmake/sample_static; do
    [ "$("./$program" "${alone[@]}")" = "core 1: hello" ] || die "$program"
done
echo "try: programs of others build against them and run"

quietly apt-get remove -y libcycos0 cycos-tools
left=$(find /usr -name '*cycos*' ! -path '*/doc/*')
[ -z "$left" ] || die "left over: $left"
echo "try: nothing is left when they are removed"
