#!/bin/sh
# js-libp2p as the relay of two of our nodes, which meet there, talk, and find each other again after both were
# away; and our relay with clients of js-libp2p; over TCP and over QUIC. Needs npm, which puts 250 MB below
# target/interop at the first run; run from anywhere in the repository. A minute.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
needs=npm
# shellcheck source-path=SCRIPTDIR
. "$here/daemons.sh"
options=--loopback

js="$here/../../target/interop"
mkdir -p "$js"
cp "$here"/interop/* "$js"
(cd "$js" && npm install --silent --no-audit --no-fund --no-package-lock)
PATH="$js/node_modules/.bin:$PATH"

talk() {
    relay_at "$1" "^/ip4" node "$js/relay.mjs" "$2"
    for one in ada ben; do
        rm -rf "${place:?}/$one"
        as "$one" init --name "$one" >/dev/null
        start "$one"
        as "$one" carrier lan off >/dev/null
        as "$one" relays add "$at" >/dev/null
        shows "$one" relays "ready"
    done
    meet ada ben
    as ada send ben "good morning" >/dev/null
    as ben send ada "good evening" >/dev/null
    shows ben "read ada" "good morning"
    shows ada "read ben" "good evening"
    stop ada
    stop ben
    as ada send ben "written while apart" >/dev/null
    start ada
    start ben
    shows ben "read ada" "written while apart"
    stop ada
    stop ben
    echo "ok: $what"
}
for way in tcp/0 udp/0/quic-v1; do
    name=${way%%/*}
    what="our nodes at a relay of js-libp2p, $way"
    talk "theirs-$name" "/ip4/127.0.0.1/$way"

    what="clients of js-libp2p at our relay, $way"
    relay_at "ours-$name" "^/ip4" "$hedgerow" relay --listen "/ip4/127.0.0.1/$way" --identity "$place/key-$name"
    timeout 30 node "$js/clients.mjs" "$at"
    echo "ok: $what"
done
