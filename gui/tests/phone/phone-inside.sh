#!/usr/bin/env bash
# Inside the root that phone.sh makes: builds, starts the application under emulation, takes its picture.
set -euo pipefail
cd /source
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
cargo build --profile "$profile" --locked --offline -p hedgerow-gui --target aarch64-unknown-linux-gnu
directory=$profile
[ "$profile" = dev ] && directory=debug
binary=/build/aarch64-unknown-linux-gnu/$directory/hedgerow-gui
ls -l "$binary"

data=$(mktemp -d)
mkfifo "$data/display"
Xvfb -displayfd 3 -screen 0 360x720x24 -nolisten tcp 3>"$data/display" & pids=$!
finish() {
    kill $pids 2>/dev/null || true
    rm -rf "$data"
}
trap finish EXIT
# It says its number once it takes connections.
read -r display <"$data/display"
export DISPLAY=:$display HEDGEROW_DIR=$data/data XDG_CONFIG_HOME=$data SLINT_BACKEND=winit-software
began=$(date +%s%N)
qemu-aarch64 "$binary" & pids="$pids $!"
window=$(timeout 120 xdotool search --sync --onlyvisible --name Hedgerow | head -1)
echo "a window $((($(date +%s%N) - began) / 1000000)) ms after the start, emulated"
xdotool windowsize --sync "$window" 360 720 windowmove "$window" 0 0
# Drawn and at rest: two pictures in a row are the same, and not of one colour.
for _ in $(seq 60); do
    sleep 1
    import -window root /build/next.png
    if [ -e /build/phone.png ] && [ "$(identify -format %k /build/next.png)" -gt 16 ] &&
        compare -metric AE /build/phone.png /build/next.png null: 2>/dev/null; then
        rm /build/next.png
        exit 0
    fi
    mv /build/next.png /build/phone.png
done
echo "FAILED: the first screen is not drawn"
exit 1
