#!/bin/sh
# The LAN carrier between two network namespaces: discovery, blocked multicast, an interface that goes
# and comes. Needs root, ip and nft; run from anywhere in the repository.
set -eu

command -v ip >/dev/null || { echo "skipped: ip is not installed"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 0; }

test=$(cargo test -q -p hedgerow-transport --test all --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\/all-[^"]*\)".*/\1/p' | tail -1)
log=$(mktemp)
a="hedgerow-a-$$"
b="hedgerow-b-$$"
host=

finish() {
    [ -z "$host" ] || kill "$host" 2>/dev/null || true
    ip netns del "$a" 2>/dev/null || true
    ip netns del "$b" 2>/dev/null || true
    rm -f "$log"
}
trap finish EXIT

ip netns add "$a"
ip netns add "$b"
ip link add veth0 netns "$a" type veth peer name veth0 netns "$b"
ip -n "$a" addr add 192.0.2.1/24 dev veth0
ip -n "$b" addr add 192.0.2.2/24 dev veth0
for ns in "$a" "$b"; do
    # An address made from the hardware address is told to nobody.
    ip -n "$ns" link set veth0 addrgenmode random
    ip -n "$ns" link set lo up
    ip -n "$ns" link set veth0 up
done

host() {
    : >"$log"
    ip netns exec "$a" "$test" --ignored --exact --nocapture namespaces::host >"$log" 2>&1 &
    host=$!
}
stop() {
    kill "$host"
    wait "$host" 2>/dev/null || true
    host=
}
guest() {
    ip netns exec "$b" env "$@" "$test" -q --ignored --exact namespaces::guest >/dev/null || {
        echo "FAILED: $what"
        cat "$log"
        exit 1
    }
    echo "ok: $what"
}
# Waits until the host has said a line.
said() {
    for _ in $(seq 600); do
        grep -q "$1" "$log" && return
        sleep 0.1
    done
    echo "FAILED: $what: the host never said $1"
    cat "$log"
    exit 1
}

what="found by its beacon"
host
guest A=1

what="an interface that goes and comes"
ip -n "$a" addr flush dev veth0
ip -n "$a" link set veth0 down
said "state NoInterface"
ip -n "$a" addr add 192.0.2.3/24 dev veth0
ip -n "$a" link set veth0 up
said "addresses 192.0.2.3"
guest A=1

# The host has a second address, which only a route leads to, as on the internet.
what="an address that is not near is not dialled"
far=203.0.113.1
port=$(sed -n 's/.* 192\.0\.2\.3:\([0-9]*\).*/\1/p' "$log" | tail -1)
ip -n "$a" addr add "$far/32" dev lo
ip -n "$b" addr add 203.0.113.9/32 dev lo
ip -n "$b" route add "$far" via 192.0.2.3 src 203.0.113.9
ip -n "$a" route add 203.0.113.9 via 192.0.2.2
arrived() { ip netns exec "$a" awk '/^Tcp: [0-9]/ {print $11}' /proc/net/snmp; }
before=$(arrived)
if ip netns exec "$b" env AT="$far:$port" "$test" -q --ignored --exact namespaces::guest >/dev/null 2>&1; then
    echo "FAILED: $what"
    exit 1
fi
[ "$(arrived)" = "$before" ] || { echo "FAILED: $what: something was sent there"; exit 1; }
echo "ok: $what"

what="whoever is not near is closed, and a neighbour waits"
call() { ip netns exec "$b" timeout 3 bash -c "exec 3<>/dev/tcp/$1/$port; cat <&3" || echo "waited"; }
[ -z "$(call "$far")" ] || { echo "FAILED: $what: somebody from afar is heard"; exit 1; }
[ "$(call 192.0.2.3)" = waited ] || { echo "FAILED: $what: a neighbour is not heard"; exit 1; }
echo "ok: $what"
stop

command -v nft >/dev/null || { echo "skipped: the rest, nft is not installed"; exit 0; }
what="multicast is blocked, addresses still lead there"
for ns in "$a" "$b"; do
    ip netns exec "$ns" nft -f - <<RULES
table inet quiet {
    chain out { type filter hook output priority 0; ip daddr 224.0.0.251 drop; ip6 daddr ff02::fb drop; }
}
RULES
done
host
said "addresses .*192.0.2.3"
guest AT="$(sed -n 's/.*\(192\.0\.2\.3:[0-9]*\).*/\1/p' "$log" | head -1)"
guest AT="$(sed -n 's/.*\(\[fe80[^ ]*\).*/\1/p' "$log" | head -1)"
said "state NoDiscovery"
echo "ok: blocked multicast is told"
