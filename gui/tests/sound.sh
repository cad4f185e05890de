#!/usr/bin/env bash
# Voice notes against a real sound server without any hardware: PulseAudio with a loudspeaker that nobody hears and a
# microphone that hears a tone. Installs PulseAudio if it is not there.
#
#   gui/tests/sound.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v pulseaudio >/dev/null || ! command -v parec >/dev/null; then
    apt-get update -q && apt-get install -qy --no-install-recommends pulseaudio pulseaudio-utils
fi
place=$(mktemp -d)
server=
stop() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    rm -rf "$place"
}
trap stop EXIT
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export HOME=$place XDG_RUNTIME_DIR=$place PULSE_RUNTIME_PATH=$place/nowhere
unset PULSE_SERVER

# serve MODULE…: a server with these devices.
serve() {
    local socket=$place/socket modules=()
    for module in "$@"; do modules+=("--load=$module"); done
    pulseaudio -n --daemonize=no --exit-idle-time=-1 --disable-shm=yes \
        --load="module-native-protocol-unix auth-anonymous=1 socket=$socket" "${modules[@]}" 2>"$place/log" &
    server=$!
    export PULSE_SERVER=unix:$socket
    for _ in $(seq 100); do
        pactl info >/dev/null 2>&1 && return
        sleep 0.1
    done
    cat "$place/log" >&2
    return 1
}

run() {
    "$tests" --ignored --exact "sound::$1"
}

# With the features of the whole workspace, as everything else is built.
tests=$(CARGO_INCREMENTAL=0 cargo test --workspace --locked --test all --no-run --message-format=json |
    grep '/gui#.*"name":"all"' | grep -o '"executable":"[^"]*"' | tail -n 1 | cut -d'"' -f4)
run without_a_sound_server_it_says_so
serve "module-null-sink sink_name=played"
run what_a_loudspeaker_plays_is_no_microphone
run what_is_played_comes_out_and_ends
pactl load-module module-sine-source source_name=microphone frequency=440 >/dev/null
pactl set-default-source microphone
run a_player_tells_the_place_while_it_plays_and_is_paused_and_sought
run the_default_microphone_is_heard_until_it_is_paused
run a_studio_records_a_voice_note_with_a_pause_that_sounds_as_what_was_heard
pactl set-source-mute microphone 1
run a_microphone_that_is_switched_off_is_named
