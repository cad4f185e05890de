#!/usr/bin/env bash
# Bluetooth LE over real BlueZ, without any hardware: guests under qemu with Debian's kernel, two controllers
# that `btvirt` plays, and bluetoothd; in them the tests below `ble-lab/`, one guest for each suite. Installs
# nothing: Debian's packages are unpacked into a cache (about 300 MB), and guests see this machine's files
# read-only.
#
#   transport/tests/ble-lab.sh [SUITE]…   builds and runs them, all of them if none is named; minutes each, as
#                                         every instruction is emulated:
#       figures    messages and throughput beside the raw channels, in rows as of `hedgerow bench`;
#                  to be run on a machine that does nothing else
#       privacy    address and beacon, with controllers that hide their addresses
#       stranger   another stack, Bumble, of PyPI, calls our peripheral
#   BLE_LAB_LOGS=DIR …                    keeps the logs of guests and bluetoothd there
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hedgerow/ble-lab
limit=${BLE_LAB_SECONDS:-1800}
bumble=0.0.236

. "$here/ble-lab/prepare"

boot() {
    local out=$1 qemu=qemu-system-x86_64 firmware=() libraries=
    if [[ -x $cache/host/usr/bin/$qemu ]]; then
        qemu=$cache/host/usr/bin/$qemu
        firmware=(-L "$cache/host/usr/share/qemu" -L "$cache/host/usr/share/seabios")
        libraries=$cache/host/usr/lib/x86_64-linux-gnu:$cache/host/lib/x86_64-linux-gnu
    fi
    # No tsc: on a busy machine the guest measures it wrong, and its clock runs several times too fast.
    LD_LIBRARY_PATH=$libraries timeout -k 5 "$limit" "$qemu" "${firmware[@]}" \
        -machine q35 -accel tcg,thread=multi,tb-size=512 -cpu max -smp 2 -m 1024 -nodefaults -display none -no-reboot \
        -serial "file:$out/console.log" -serial stdio \
        -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
        -device virtio-9p-pci,fsdev=host,mount_tag=host \
        -fsdev "local,id=out,path=$out,security_model=none" -device virtio-9p-pci,fsdev=out,mount_tag=out \
        -kernel "$cache/vmlinuz" -initrd "$cache/initrd" \
        -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=unstable clocksource=hpet random.trust_cpu=on" \
        </dev/null
}

mkdir -p "$cache"
setup
program=$(cd "$here/../.." &&
    cargo test --release -p hedgerow-transport --test ble-lab --no-run --locked --message-format=json |
    sed -n 's/.*"executable":"\([^"]*ble_lab[^"]*\)".*/\1/p' | tail -n 1)
suites=("$@")
((${#suites[@]})) || suites=(figures privacy stranger)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
# A copy, so that nothing built meanwhile takes it from under a guest.
cp "$program" "$place/program"
out=$place/out
mkdir "$out"
failed=0
for suite in "${suites[@]}"; do
    [[ $suite != stranger* ]] || bumble
    rm -f "$out"/*
    cp "$here/ble-lab/guest-run" "$out/"
    printf '%s=%q\n' PROGRAM "$place/program" SUITE "$suite" TIME "$(date +%s)" \
        PYTHON "$cache/bumble-$bumble/bin/python" STRANGER "$here/ble-lab/stranger.py" >"$out/settings"
    boot "$out" || true
    if [[ -n ${BLE_LAB_LOGS:-} ]]; then
        mkdir -p "$BLE_LAB_LOGS/$suite"
        cp "$out"/*.log "$BLE_LAB_LOGS/$suite/"
    fi
    [[ -s $out/status ]] || {
        echo "ble-lab: the guest did not run $suite" >&2
        tail -n 20 "$out/console.log" >&2
        exit 1
    }
    [[ $(cat "$out/status") == 0 ]] || failed=1
done
exit "$failed"
