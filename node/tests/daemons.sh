# shellcheck shell=sh
# Daemons of people, and what they are asked: read by the suites beside it, which say before what they need
# (`needs`), and may say after with what a daemon is started (`options`), and which namespaces end with them
# (`namespaces`). Everybody lives in a network namespace of his name if there are such, else on this machine.

for tool in ${needs:-}; do
    case $tool in
    root) [ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 0; } ;;
    *) command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 0; } ;;
    esac
done

hedgerow=$(cargo build -q -p hedgerow-node --bin hedgerow --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\/hedgerow\)".*/\1/p' | tail -1)
place=$(mktemp -d)
echo "over the hedge and far away" >"$place/passphrase"
what="the start" options="" namespaces="" pids=""

finish() {
    status=$?
    # A command that fails ends the suite, and would do so without a word.
    [ "$status" = 0 ] || {
        echo "FAILED: $what"
        tail -n 20 "$place"/*.log
    }
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for ns in $namespaces; do ip netns del "$ns" 2>/dev/null || true; done
    rm -rf "$place"
}
trap finish EXIT

fail() {
    what="$what: $1"
    exit 1
}
# Runs the program for somebody.
as() {
    who=$1
    shift
    ${namespaces:+ip netns exec "$who"} env -i "$hedgerow" --data-dir "$place/$who" --passphrase-file "$place/passphrase" "$@" \
        2>>"$place/$who.talk.log"
}
# Starts the daemon of somebody, and waits until it is on the air.
start() {
    # The options are words.
    # shellcheck disable=SC2086
    ${namespaces:+ip netns exec "$1"} env -i "$hedgerow" --data-dir "$place/$1" --passphrase-file "$place/passphrase" \
        run --foreground $options >"$place/$1.log" 2>&1 &
    pids="$pids $!"
    said "$1" "on the air"
}
stop() {
    as "$1" stop >/dev/null
}
# Waits until a program that runs has said something.
said() {
    for _ in $(seq 300); do
        grep -qs "$2" "$place/$1.log" && return
        sleep 0.1
    done
    fail "$1 never said: $2"
}
# Waits until a command shows something.
shows() {
    who=$1 command=$2 sought=$3
    for _ in $(seq 900); do
        # A command and what it is about.
        # shellcheck disable=SC2086
        as "$who" $command | grep -q "$sought" && return
        sleep 0.1
    done
    as "$who" status || true
    fail "$who: $command never showed: $sought"
}
# The second accepts an invitation of the first.
meet() {
    link=$(as "$1" --json invite | sed -n 's/.*"link":"\([^"]*\)".*/\1/p')
    ${namespaces:+ip netns exec "$2"} timeout 60 env -i "$hedgerow" --data-dir "$place/$2" join "$link" \
        >/dev/null 2>>"$place/$2.talk.log" || fail "they do not meet"
}
# Runs a relay in the background, and waits for the address that it prints first.
relay_at() {
    called=$1 sought=$2
    shift 2
    "$@" >"$place/$called.log" 2>&1 &
    relay=$!
    pids="$pids $relay"
    said "$called" "$sought"
    at=$(grep -m 1 "$sought" "$place/$called.log")
}
