#!/bin/sh
# Two daemons in two network namespaces meet by one invitation and exchange texts: with multicast, with
# multicast blocked, over IPv6 alone; never with a route to anywhere or a name service. A cable is pulled while a
# message waits. Needs root, ip and, for a part, nft; run from anywhere in the repository. About a minute.
set -eu

needs="ip root"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/daemons.sh"
a="hedgerow-a-$$"
b="hedgerow-b-$$"
namespaces="$a $b"

network() {
    ip netns del "$a" 2>/dev/null || true
    ip netns del "$b" 2>/dev/null || true
    ip netns add "$a"
    ip netns add "$b"
    ip link add veth0 netns "$a" type veth peer name veth0 netns "$b"
    for ns in "$a" "$b"; do
        [ "$1" = 6 ] || ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
        # An address made from the hardware address is told to nobody.
        ip -n "$ns" link set veth0 addrgenmode random
        ip -n "$ns" link set lo up
        ip -n "$ns" link set veth0 up
    done
}
# Both are new, and become contacts.
become_contacts() {
    for one in "$a" "$b"; do
        rm -rf "${place:?}/$one"
        as "$one" init --name "${one%-*}" >/dev/null
        start "$one"
    done
    # An invitation made before the interface was seen names no address.
    shows "$a" "--json status" '"addresses":\["'
    meet "$a" "$b"
}
# They meet, talk, and find each other again after both were away.
meet_and_talk() {
    become_contacts
    as "$a" send "${b%-*}" "good morning" >/dev/null
    as "$b" send "${a%-*}" "good evening" >/dev/null
    shows "$b" "read ${a%-*}" "good morning"
    shows "$a" "read ${b%-*}" "good evening"
    stop "$a"
    stop "$b"
    as "$a" send "${b%-*}" "written while apart" >/dev/null
    start "$a"
    start "$b"
    shows "$b" "read ${a%-*}" "written while apart"
    stop "$a"
    stop "$b"
    ip -n "$a" route show default | grep -q . && fail "there is a default route"
    echo "ok: $what"
}

what="IPv4 with multicast"
network 4
ip -n "$a" addr add 192.0.2.1/24 dev veth0
ip -n "$b" addr add 192.0.2.2/24 dev veth0
meet_and_talk

what="a cable that is pulled while a message waits"
network 4
ip -n "$a" addr add 192.0.2.1/24 dev veth0
ip -n "$b" addr add 192.0.2.2/24 dev veth0
become_contacts
as "$a" send "${b%-*}" "good morning" >/dev/null
shows "$b" "read ${a%-*}" "good morning"
# Frames reach nobody from here on, and no interface shows it, as behind a switch.
ip -n "$a" neigh replace 192.0.2.2 lladdr 02:00:00:00:00:99 dev veth0 nud permanent
ip -n "$b" neigh replace 192.0.2.1 lladdr 02:00:00:00:00:99 dev veth0 nud permanent
as "$a" send "${b%-*}" "are you there" >/dev/null
as "$a" --json status | grep -q '"on_its_way"' || fail "it is not on its way at first"
sleep 10
as "$a" --json status | grep -q '"on_its_way"' && fail "it is on its way after 10 seconds"
ip -n "$a" neigh del 192.0.2.2 dev veth0
ip -n "$b" neigh del 192.0.2.1 dev veth0
shows "$b" "read ${a%-*}" "are you there"
stop "$a"
stop "$b"
echo "ok: $what"

what="IPv4, multicast is blocked"
if command -v nft >/dev/null; then
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
    meet_and_talk
else
    echo "skipped: $what, nft is not installed"
fi

what="IPv6 alone, with multicast"
network 6
meet_and_talk
