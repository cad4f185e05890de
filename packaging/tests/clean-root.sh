#!/bin/bash
# What packaging/test runs in the clean root.
set -euo pipefail
fail() { echo "FAILED: $*" >&2; exit 1; }
# Runs the command line for somebody.
as() {
    local who="$1"
    shift
    hedgerow --data-dir "/home/$who" --passphrase-file /passphrase "$@"
}
# Waits until a command shows something.
shows() {
    for _ in $(seq 300); do
        as "$1" "${@:3}" 2>/dev/null | grep -q "$2" && return
        sleep 0.2
    done
    fail "$1: ${*:3} never showed $2"
}
# Starts the daemon of somebody, and waits until it is on the air.
run() {
    as "$1" run --foreground --loopback >"/home/$1.log" 2>&1 &
    for _ in $(seq 300); do
        grep -q "on the air" "/home/$1.log" && return
        sleep 0.2
    done
    cat "/home/$1.log"
    fail "the daemon of $1 is not on the air"
}

echo "over the hedge and far away" >/passphrase

dpkg --install /before/hedgerow_*.deb
[ "$(dpkg-query -f '${Version}' -W hedgerow)" = 0.0.9 ] || fail "the version before is not installed"
for who in ana ben; do as "$who" init --name "$who" >/dev/null && run "$who"; done
link=$(as ana --json invite | sed -n 's/.*"link":"\([^"]*\)".*/\1/p')
timeout 60 hedgerow --data-dir /home/ben join "$link" >/dev/null || fail "they do not meet"
as ana send ben "good morning" >/dev/null
shows ben "good morning" read ana
echo "ok: installed, met and talked"

for who in ana ben; do as "$who" stop >/dev/null; done
dpkg --install /now/hedgerow_*.deb
[ "$(dpkg-query -f '${Version}' -W hedgerow)" != 0.0.9 ] || fail "it is not upgraded"
for who in ana ben; do run "$who"; done
shows ben "good morning" read ana
as ben send ana "good evening" >/dev/null
shows ana "good evening" read ben
echo "ok: upgraded with data"

hedgerow --version | grep -q "^hedgerow [0-9.]* ($COMMIT, with relays)$" || fail "--version names no commit"
man -w hedgerow hedgerow-send >/dev/null || fail "there are no manual pages"
bash -c '. /usr/share/bash-completion/completions/hedgerow && complete -p hedgerow' >/dev/null || fail "nothing is completed"
dpkg --verify hedgerow | grep . && fail "files were changed"
echo "ok: manual pages, completions, files"

for who in ana ben; do as "$who" stop >/dev/null; done
dpkg --unpack /now/hedgerow-relay_*.deb
hedgerow relay --help >/dev/null || fail "no relay in this program"
grep -q '^ExecStart=hedgerow relay \$OPTIONS' /usr/lib/systemd/system/hedgerow-relay.service || fail "the unit does not run the relay"
dpkg --purge hedgerow-relay
[ ! -e /etc/default/hedgerow-relay ] || fail "purging leaves its settings"

removed=$(dpkg --remove hedgerow)
grep -q "Identities and messages stay" <<<"$removed" || fail "removing does not say where data stay"
command -v hedgerow >/dev/null && fail "the program is still there"
[ -s /home/ana/store.redb ] || [ -n "$(ls /home/ana)" ] || fail "the data are gone"
echo "ok: removed, and the data stay"

if compgen -G '/now/hedgerow-desktop_*.deb' >/dev/null; then
    dpkg --unpack /now/hedgerow-desktop_*.deb
    grep -q '^Exec=hedgerow-gui' /usr/share/applications/org.hedgerow.Hedgerow.desktop || fail "no entry in the menu"
    hedgerow-gui --help >/dev/null || fail "the application does not start"
    echo "ok: the application"
fi
