#!/bin/sh
# Two daemons in two network namespaces, each behind a router that translates addresses, and a relay between the
# routers: they meet by one invitation, talk, and go on without the relay, directly through both routers; one
# comes back with another address; a link is cut, and slow; a network that both share comes, goes and comes; every
# text arrives, once. Needs root, ip, nft and a kernel that masquerades; run from anywhere in the repository. About a
# minute.
set -eu

needs="ip nft root"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/daemons.sh"
ada="hedgerow-ada-$$"
ben="hedgerow-ben-$$"
ada_router="hedgerow-ra-$$"
ben_router="hedgerow-rb-$$"
outside="hedgerow-out-$$"
namespaces="$ada $ben $ada_router $ben_router $outside"

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
    relay_at relay quic ip netns exec "$outside" env -i "$hedgerow" relay --identity "$place/key" --public 198.51.100.1
}
what="two behind routers of their own meet and talk at a relay"
relay

for one in "$ada" "$ben"; do
    as "$one" init --name "${one%-*}" >/dev/null
    start "$one"
done
as "$ada" relays add "$at" >/dev/null
as "$ben" relays add "$at" >/dev/null
shows "$ada" relays ready
shows "$ben" relays ready
meet "$ada" "$ben"
as "$ada" send "${ben%-*}" "good morning" >/dev/null
as "$ben" send "${ada%-*}" "good evening" >/dev/null
shows "$ben" "read ${ada%-*}" "good morning"
shows "$ada" "read ${ben%-*}" "good evening"
echo "ok: $what"

what="they go on directly without the relay"
ip netns exec "$ada" ping -qc 1 -W 1 192.168.2.2 >/dev/null 2>&1 && fail "they see each other without the relay"
# Routers open a way for each other's packets while both call at the same time.
sleep 5
kill "$relay"
shows "$ada" relays "no answer"
as "$ada" send "${ben%-*}" "said directly" >/dev/null
shows "$ben" "read ${ada%-*}" "said directly"
echo "ok: $what"

what="one comes back with another address"
relay
shows "$ada" relays ready
shows "$ben" relays ready
stop "$ben"
as "$ada" send "${ben%-*}" "written while apart" >/dev/null
ip -n "$ben" addr del 192.168.2.2/24 dev eth0
ip -n "$ben" addr add 192.168.2.77/24 dev eth0
ip -n "$ben" route add default via 192.168.2.1
start "$ben"
shows "$ben" "read ${ada%-*}" "written while apart"
echo "ok: $what"

what="a cut link costs no message"
# The link of one is cut in the middle, while it has something to say.
ip -n "$ada" link set eth0 down
as "$ada" send "${ben%-*}" "written in a tunnel" >/dev/null
as "$ben" send "${ada%-*}" "are you there?" >/dev/null
sleep 2
ip -n "$ada" link set eth0 up
ip -n "$ada" route add default via 192.168.1.1 2>/dev/null || true
shows "$ben" "read ${ada%-*}" "written in a tunnel"
shows "$ada" "read ${ben%-*}" "are you there?"
echo "ok: $what"

what="a line of 64 kbit/s that loses every twentieth packet"
ip netns exec "$ada_router" tc qdisc add dev outside root tbf rate 64kbit burst 3000 latency 1s
ip netns exec "$ada_router" nft insert rule ip filter forward numgen random mod 20 == 0 drop
for n in 1 2 3 4 5; do
    as "$ada" send "${ben%-*}" "slowly there, $n" >/dev/null
    as "$ben" send "${ada%-*}" "slowly here, $n" >/dev/null
done
for n in 1 2 3 4 5; do
    shows "$ben" "read ${ada%-*}" "slowly there, $n"
    shows "$ada" "read ${ben%-*}" "slowly here, $n"
done
ip netns exec "$ada_router" tc qdisc del dev outside root
echo "ok: $what"

what="a Wi-Fi that both come to, and leave again"
ip link add wifi0 netns "$ada" type veth peer name wifi0 netns "$ben"
ip -n "$ada" addr add 192.168.50.1/24 dev wifi0
ip -n "$ben" addr add 192.168.50.2/24 dev wifi0
ip -n "$ada" link set wifi0 up
ip -n "$ben" link set wifi0 up
shows "$ada" contacts "local network"
as "$ada" send "${ben%-*}" "said in the same room" >/dev/null
shows "$ben" "read ${ada%-*}" "said in the same room"
ip -n "$ada" link set wifi0 down
ip -n "$ben" link set wifi0 down
as "$ada" send "${ben%-*}" "said in the street" >/dev/null
as "$ben" send "${ada%-*}" "said at the corner" >/dev/null
shows "$ben" "read ${ada%-*}" "said in the street"
shows "$ada" "read ${ben%-*}" "said at the corner"
ip -n "$ada" link set wifi0 up
ip -n "$ben" link set wifi0 up
shows "$ada" contacts "local network"
as "$ben" send "${ada%-*}" "said in the room again" >/dev/null
shows "$ada" "read ${ben%-*}" "said in the room again"
echo "ok: $what"

what="no message is shown twice, on all these ways"
for one in "$ada" "$ben"; do
    for text in "good morning" "good evening" "said directly" "written while apart" "written in a tunnel" "are you there?" \
        "slowly there, 5" "slowly here, 5" "said in the same room" "said in the street" "said at the corner" "said in the room again"; do
        other=$ada
        [ "$one" = "$ada" ] && other=$ben
        count=$(as "$one" read "${other%-*}" | grep -c "$text")
        [ "$count" = 1 ] || fail "$one shows \"$text\" $count times"
    done
    stop "$one"
done
echo "ok: $what"
