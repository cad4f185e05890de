#!/bin/sh
# Two daemons in two network namespaces meet by one invitation and exchange texts: with multicast, with
# multicast blocked, over IPv6 alone; never with a route to anywhere or a name service. Needs root, ip and
# nft; run from anywhere in the repository. About half a minute.
set -eu

command -v ip >/dev/null || { echo "skipped: ip is not installed"; exit 0; }
command -v nft >/dev/null || { echo "skipped: nft is not installed"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 0; }

hedgerow=$(cargo build -q -p hedgerow-node --bin hedgerow --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\/hedgerow\)".*/\1/p' | tail -1)
place=$(mktemp -d)
a="hedgerow-a-$$"
b="hedgerow-b-$$"
pids=

finish() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    ip netns del "$a" 2>/dev/null || true
    ip netns del "$b" 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT
echo "over the hedge and far away" >"$place/passphrase"

fail() {
    echo "FAILED: $what: $1"
    tail -n 20 "$place"/*.log
    exit 1
}
# Runs the program for one of the two, in the namespace of that name.
as() {
    ip netns exec "$1" env -i "$hedgerow" --data-dir "$place/$1" --passphrase-file "$place/passphrase" "$2" ${3+"$3"} ${4+"$4"} ${5+"$5"}
}
# Starts a daemon and waits until it is on the air.
start() {
    ip netns exec "$1" env -i "$hedgerow" --data-dir "$place/$1" --passphrase-file "$place/passphrase" \
        run --foreground >>"$place/$1.log" 2>&1 &
    pids="$pids $!"
    for _ in $(seq 300); do
        as "$1" status 2>/dev/null | grep -q "sessions\|on" && as "$1" contacts >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "$1 does not start"
}
stop() {
    as "$1" handover >/dev/null
}
# Waits until a conversation shows a text.
reads() {
    for _ in $(seq 900); do
        as "$1" read "$2" 2>/dev/null | grep -q "$3" && return
        sleep 0.1
    done
    fail "$1 never read: $3"
}
network() {
    ip netns del "$a" 2>/dev/null || true
    ip netns del "$b" 2>/dev/null || true
    ip netns add "$a"
    ip netns add "$b"
    ip link add veth0 netns "$a" type veth peer name veth0 netns "$b"
    for ns in "$a" "$b"; do
        [ "$1" = 6 ] || ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
        ip -n "$ns" link set lo up
        ip -n "$ns" link set veth0 up
    done
}
# They meet, talk, and find each other again after both were away.
meet() {
    for one in "$a" "$b"; do
        rm -rf "${place:?}/$one"
        as "$one" init --name "${one%-*}" >/dev/null
        start "$one"
    done
    link=
    for _ in $(seq 100); do
        link=$(as "$a" --json invite | sed -n 's/.*"link":"\([^"]*\)".*/\1/p')
        # An invitation made before the interface was seen names no address.
        [ ${#link} -gt 120 ] && break
        sleep 0.1
    done
    timeout 60 ip netns exec "$b" env -i "$hedgerow" --data-dir "$place/$b" join "$link" >/dev/null ||
        fail "they do not meet"
    as "$a" send "${b%-*}" "good morning" >/dev/null
    as "$b" send "${a%-*}" "good evening" >/dev/null
    reads "$b" "${a%-*}" "good morning"
    reads "$a" "${b%-*}" "good evening"
    stop "$a"
    stop "$b"
    as "$a" send "${b%-*}" "written while apart" >/dev/null
    start "$a"
    start "$b"
    reads "$b" "${a%-*}" "written while apart"
    stop "$a"
    stop "$b"
    ip -n "$a" route show default | grep -q . && fail "there is a default route"
    echo "ok: $what"
}

what="IPv4 with multicast"
network 4
ip -n "$a" addr add 192.0.2.1/24 dev veth0
ip -n "$b" addr add 192.0.2.2/24 dev veth0
meet

what="IPv4, multicast is blocked"
network 4
ip -n "$a" addr add 192.0.2.1/24 dev veth0
ip -n "$b" addr add 192.0.2.2/24 dev veth0
for ns in "$a" "$b"; do
    ip netns exec "$ns" nft -f - <<RULES
table inet quiet {
    chain out { type filter hook output priority 0; ip daddr 224.0.0.251 drop; ip6 daddr ff02::fb drop; }
}
RULES
done
meet

what="IPv6 alone, with multicast"
network 6
meet
