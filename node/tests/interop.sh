#!/bin/sh
# js-libp2p as the relay of two of our nodes, which meet there, talk, and find each other again after both were
# away; and our relay with clients of js-libp2p. Needs npm, which puts 250 MB below target/interop at the first
# run; run from anywhere in the repository. Half a minute.
set -eu

command -v npm >/dev/null || { echo "skipped: npm is not installed"; exit 0; }

here=$(cd "$(dirname "$0")" && pwd)
hedgerow=$(cargo build -q -p hedgerow-node --bin hedgerow --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\/hedgerow\)".*/\1/p' | tail -1)
js="$here/../../target/interop"
mkdir -p "$js"
cp "$here"/interop/* "$js"
(cd "$js" && npm install --silent --no-audit --no-fund --no-package-lock)
PATH="$js/node_modules/.bin:$PATH"

place=$(mktemp -d)
pids=
finish() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$place"
}
trap finish EXIT
echo "over the hedge and far away" >"$place/passphrase"

fail() {
    echo "FAILED: $1"
    tail -n 20 "$place"/*.log
    exit 1
}
# Runs the program for one of the two.
as() {
    who=$1
    shift
    env -i "$hedgerow" --data-dir "$place/$who" --passphrase-file "$place/passphrase" "$@"
}
# Runs something in the background, and waits for the address that it prints first.
relay() {
    log="$place/$1.log"
    shift
    "$@" >"$log" 2>&1 &
    pids="$pids $!"
    for _ in $(seq 100); do
        at=$(grep -m 1 "^/ip4" "$log" || true)
        [ "$at" ] && return
        sleep 0.1
    done
    fail "no relay"
}
start() {
    as "$1" run --foreground --loopback >>"$place/$1.log" 2>&1 &
    pids="$pids $!"
    until_shown "$1" status "RELAY\|CARRIER"
}
# Waits until a command shows something.
until_shown() {
    who=$1 command=$2 sought=$3
    for _ in $(seq 600); do
        # In words of its own, a conversation has a name behind it.
        # shellcheck disable=SC2086
        as "$who" $command 2>/dev/null | grep -q "$sought" && return
        sleep 0.1
    done
    as "$who" status || true
    fail "$who: $command never showed: $sought"
}

relay theirs node "$js/relay.mjs"
for one in ada ben; do
    as "$one" init --name "$one" >/dev/null
    start "$one"
    as "$one" carrier lan off >/dev/null
    as "$one" relays add "$at" >/dev/null
    until_shown "$one" relays "ready"
done
link=$(as ada --json invite | sed -n 's/.*"link":"\([^"]*\)".*/\1/p')
timeout 60 env -i "$hedgerow" --data-dir "$place/ben" join "$link" >/dev/null || fail "they do not meet"
as ada send ben "good morning" >/dev/null
as ben send ada "good evening" >/dev/null
until_shown ben "read ada" "good morning"
until_shown ada "read ben" "good evening"
as ada handover >/dev/null
as ben handover >/dev/null
as ada send ben "written while apart" >/dev/null
start ada
start ben
until_shown ben "read ada" "written while apart"
as ada handover >/dev/null
as ben handover >/dev/null
echo "ok: our nodes at a relay of js-libp2p"

relay ours "$hedgerow" relay --listen /ip4/127.0.0.1/tcp/0 --identity "$place/key"
timeout 30 node "$js/clients.mjs" "$at" || fail "clients of js-libp2p at our relay"
echo "ok: clients of js-libp2p at our relay"
