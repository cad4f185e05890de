#!/bin/sh
# Two daemons in two network namespaces, each behind a router that translates addresses, and a relay between the
# routers: they meet by one invitation, talk, and go on without the relay, directly through both routers; one
# comes back with another address; a link is cut; every text arrives, once. Needs root, ip, nft and a kernel that
# masquerades; run from anywhere in the repository. About a minute.
set -eu

command -v ip >/dev/null || { echo "skipped: ip is not installed"; exit 0; }
command -v nft >/dev/null || { echo "skipped: nft is not installed"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 0; }

hedgerow=$(cargo build -q -p hedgerow-node --bin hedgerow --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\/hedgerow\)".*/\1/p' | tail -1)
place=$(mktemp -d)
ada="hedgerow-ada-$$"
ben="hedgerow-ben-$$"
ada_router="hedgerow-ra-$$"
ben_router="hedgerow-rb-$$"
outside="hedgerow-out-$$"
pids=

finish() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for ns in "$ada" "$ben" "$ada_router" "$ben_router" "$outside"; do
        ip netns del "$ns" 2>/dev/null || true
    done
    rm -rf "$place"
}
trap finish EXIT
echo "over the hedge and far away" >"$place/passphrase"

fail() {
    echo "FAILED: $1"
    tail -n 20 "$place"/*.log
    exit 1
}
# Runs the program for one of the two, in the namespace of that name.
as() {
    who=$1
    shift
    ip netns exec "$who" env -i "$hedgerow" --data-dir "$place/$who" --passphrase-file "$place/passphrase" "$@" \
        2>>"$place/$who.talk"
}
start() {
    ip netns exec "$1" env -i "$hedgerow" --data-dir "$place/$1" --passphrase-file "$place/passphrase" \
        run --foreground >>"$place/$1.log" 2>&1 &
    pids="$pids $!"
    shows "$1" status "CARRIER"
}
# Waits until a command shows something.
shows() {
    who=$1 command=$2 sought=$3
    for _ in $(seq 600); do
        # A command and what it is about.
        # shellcheck disable=SC2086
        as "$who" $command | grep -q "$sought" && return
        sleep 0.1
    done
    as "$who" status || true
    fail "$who: $command never showed: $sought"
}
# A host, its router, and the bridge outside: $3 is the network inside, $4 the router's address outside.
behind() {
    host=$1 router=$2
    ip netns add "$host"
    ip netns add "$router"
    ip link add eth0 netns "$host" type veth peer name inside netns "$router"
    ip link add outside netns "$router" type veth peer name "to-$5" netns "$outside"
    ip -n "$outside" link set "to-$5" master bridge up
    ip -n "$host" addr add "$3.2/24" dev eth0
    ip -n "$router" addr add "$3.1/24" dev inside
    ip -n "$router" addr add "$4/24" dev outside
    for link in "$host eth0" "$host lo" "$router inside" "$router outside" "$router lo"; do
        # shellcheck disable=SC2086
        set -- $link
        ip -n "$1" link set "$2" up
    done
    ip -n "$host" route add default via "$(ip -n "$router" -4 -o addr show inside | sed 's/.*inet \([0-9.]*\).*/\1/')"
    ip netns exec "$router" sysctl -qw net.ipv4.ip_forward=1
    # Only what was asked for comes back in, as at home.
    ip netns exec "$router" nft -f - <<RULES
table ip nat {
    chain post { type nat hook postrouting priority 100; oifname "outside" masquerade; }
}
table ip filter {
    chain forward {
        type filter hook forward priority 0; policy drop;
        iifname "inside" accept
        ct state established,related accept
    }
    chain input { type filter hook input priority 0; iifname "outside" ct state new drop; }
}
RULES
}

ip netns add "$outside"
ip -n "$outside" link set lo up
ip -n "$outside" link add bridge type bridge
ip -n "$outside" addr add 198.51.100.1/24 dev bridge
ip -n "$outside" link set bridge up
behind "$ada" "$ada_router" 192.168.1 198.51.100.11 ada
behind "$ben" "$ben_router" 192.168.2 198.51.100.12 ben

relay() {
    ip netns exec "$outside" env -i "$hedgerow" relay --identity "$place/key" --public 198.51.100.1 \
        >"$place/relay.log" 2>&1 &
    relay=$!
    pids="$pids $relay"
    for _ in $(seq 100); do
        at=$(grep -m 1 quic "$place/relay.log" || true)
        [ "$at" ] && return
        sleep 0.1
    done
    fail "no relay"
}
relay

for one in "$ada" "$ben"; do
    as "$one" init --name "${one%-*}" >/dev/null
    start "$one"
done
as "$ada" relays add "$at" >/dev/null
as "$ben" relays add "$at" >/dev/null
shows "$ada" relays ready
shows "$ben" relays ready
link=$(as "$ada" --json invite | sed -n 's/.*"link":"\([^"]*\)".*/\1/p')
timeout 60 ip netns exec "$ben" env -i "$hedgerow" --data-dir "$place/$ben" join "$link" >/dev/null 2>&1 ||
    fail "they do not meet"
as "$ada" send "${ben%-*}" "good morning" >/dev/null
as "$ben" send "${ada%-*}" "good evening" >/dev/null
shows "$ben" "read ${ada%-*}" "good morning"
shows "$ada" "read ${ben%-*}" "good evening"
echo "ok: two behind routers of their own meet and talk at a relay"

ip netns exec "$ada" ping -qc 1 -W 1 192.168.2.2 >/dev/null 2>&1 && fail "they see each other without the relay"
# Routers open a way for each other's packets while both call at the same time.
sleep 5
kill "$relay"
shows "$ada" relays "no answer"
as "$ada" send "${ben%-*}" "said directly" >/dev/null
shows "$ben" "read ${ada%-*}" "said directly"
echo "ok: they go on directly without the relay"

relay
shows "$ada" relays ready
shows "$ben" relays ready
as "$ben" handover >/dev/null
as "$ada" send "${ben%-*}" "written while apart" >/dev/null
ip -n "$ben" addr del 192.168.2.2/24 dev eth0
ip -n "$ben" addr add 192.168.2.77/24 dev eth0
ip -n "$ben" route add default via 192.168.2.1
start "$ben"
shows "$ben" "read ${ada%-*}" "written while apart"
echo "ok: one comes back with another address"

# The link of one is cut in the middle, while it has something to say.
ip -n "$ada" link set eth0 down
as "$ada" send "${ben%-*}" "written in a tunnel" >/dev/null
as "$ben" send "${ada%-*}" "are you there?" >/dev/null
sleep 2
ip -n "$ada" link set eth0 up
ip -n "$ada" route add default via 192.168.1.1 2>/dev/null || true
shows "$ben" "read ${ada%-*}" "written in a tunnel"
shows "$ada" "read ${ben%-*}" "are you there?"
for one in "$ada" "$ben"; do
    for text in "good morning" "good evening" "said directly" "written while apart" "written in a tunnel" "are you there?"; do
        other=$ada
        [ "$one" = "$ada" ] && other=$ben
        count=$(as "$one" read "${other%-*}" | grep -c "$text")
        [ "$count" = 1 ] || fail "$one shows \"$text\" $count times"
    done
    as "$one" handover >/dev/null
done
echo "ok: a cut link costs no message, and shows none twice"
