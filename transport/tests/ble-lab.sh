#!/usr/bin/env bash
# Bluetooth LE over real BlueZ, without any hardware: a guest under qemu with Debian's kernel, two controllers
# that `btvirt` plays, and bluetoothd; in it the tests of `ble_lab.rs`. Installs nothing: Debian's packages
# are unpacked into a cache (about 250 MB), and the guest sees this machine's files read-only.
#
#   transport/tests/ble-lab.sh         builds and runs the suite; minutes, as every instruction is emulated
#   BLE_LAB_LOGS=DIR …                 keeps the logs of guest and bluetoothd there
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hedgerow/ble-lab
limit=${BLE_LAB_SECONDS:-1200}

# What the guest needs besides what is here, unpacked below $cache/root; qemu below $cache/host.
packages() {
    apt-get install -s --no-install-recommends "$@" 2>/dev/null | awk '/^Inst/ && $3 !~ /^\[/ {print $2}'
}

unpack() {
    local to=$1 deb
    shift
    mkdir -p "$to" "$cache/debs"
    for package in "$@"; do
        compgen -G "$cache/debs/${package}_*.deb" >/dev/null ||
            (cd "$cache/debs" && apt-get download -qq "$package" 2>&1 | grep -v unsandboxed || true)
        deb=$(compgen -G "$cache/debs/${package}_*.deb" | head -n 1)
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$to" --keep-directory-symlink --exclude='./usr/share/doc' \
            --exclude='*/drivers/gpu/*' --exclude='*/drivers/media/*' --exclude='*/drivers/net/*' --exclude='*/sound/*'
    done
}

setup() {
    local stamp version modules
    stamp=$(cat "$0" "$here/ble-lab/guest-init" | sha256sum)
    [[ $(cat "$cache/stamp" 2>/dev/null) != "$stamp" ]] || return 0
    echo "ble-lab: preparing $cache" >&2
    rm -rf "$cache"/{root,host,kernel,initrd,stamp}
    apt-cache policy bluez 2>/dev/null | grep -q 'Candidate: [0-9]' || apt-get update -qq
    mapfile -t needed < <({ packages bluez bluez-test-tools dbus
        printf '%s\n' bluez bluez-test-tools busybox-static; } |
        grep -vE '^(udev|kmod|systemd.*|libsystemd.*|libudev1)$' | sort -u)
    mkdir -p "$cache/root"/{bin,guest,host,out,overlay,new,proc,sys,dev}
    unpack "$cache/root/guest" "${needed[@]}"
    # Debian 12 still ships some of them below the links that /bin and /lib are.
    for old in bin sbin lib; do
        [[ ! -d $cache/root/guest/$old || -L $cache/root/guest/$old ]] || {
            mkdir -p "$cache/root/guest/usr/$old"
            cp -a "$cache/root/guest/$old/." "$cache/root/guest/usr/$old/"
            rm -rf "${cache:?}/root/guest/$old"
        }
    done
    cp "$cache/root/guest/usr/bin/busybox" "$cache/root/bin/"
    for tool in sh mount insmod mkdir hostname stty chroot sync poweroff ip; do
        ln -sf busybox "$cache/root/bin/$tool"
    done
    install -m 755 "$here/ble-lab/guest-init" "$cache/root/init"

    # The plain kernel: that of clouds has no Bluetooth.
    mapfile -t kernel < <(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
    unpack "$cache/kernel" "${kernel[@]}"
    unpack "$cache/tools" kmod cpio
    [[ -d $cache/kernel/lib ]] || mv "$cache/kernel/usr/lib" "$cache/kernel/lib"
    version=$(basename "$cache"/kernel/lib/modules/*)
    kmod=$(compgen -G "$cache/tools/*/kmod" || compgen -G "$cache/tools/usr/*/kmod")
    ln -sf "$kmod" "$cache/depmod"
    ln -sf "$kmod" "$cache/modprobe"
    "$cache/depmod" -b "$cache/kernel" "$version"
    mkdir "$cache/root/modules"
    # Without a random generator (drbg) the kernel has no secure pairing, and bluetoothd complains.
    for module in virtio_pci 9pnet_virtio 9p overlay cmac ecb ctr hmac drbg ecdh_generic algif_skcipher algif_hash \
        bluetooth hci_vhci; do
        "$cache/modprobe" -d "$cache/kernel" -S "$version" --show-depends "$module"
    done | awk '/^insmod/ && !seen[$2]++ {print $2}' >"$cache/modules"
    while read -r module; do
        cp "$module" "$cache/root/modules/"
        basename "$module"
    done <"$cache/modules" >"$cache/root/modules/order"
    cp "$cache"/kernel/boot/vmlinuz-* "$cache/vmlinuz"
    cpio=$(compgen -G "$cache/tools/bin/cpio" || compgen -G "$cache/tools/usr/bin/cpio")
    (cd "$cache/root" && find . | "$cpio" -o -H newc --quiet) >"$cache/initrd"
    command -v qemu-system-x86_64 >/dev/null || {
        mapfile -t qemu < <(packages qemu-system-x86 | grep -vE '^(ipxe-qemu|udev|kmod)$')
        unpack "$cache/host" "${qemu[@]}"
    }
    rm -rf "$cache"/{debs,kernel,tools,modules,root}
    echo "$stamp" >"$cache/stamp"
}

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
suite=$(cd "$here/../.." && cargo test -p hedgerow-transport --test ble_lab --no-run --locked --message-format=json |
    sed -n 's/.*"executable":"\([^"]*ble_lab[^"]*\)".*/\1/p' | tail -n 1)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cp "$here/ble-lab/guest-run" "$out/"
printf 'SUITE=%q\nTIME=%q\n' "$suite" "$(date +%s)" >"$out/settings"
boot "$out" || true
if [[ -n ${BLE_LAB_LOGS:-} ]]; then
    mkdir -p "$BLE_LAB_LOGS"
    cp "$out"/*.log "$BLE_LAB_LOGS/"
fi
[[ -s $out/status ]] || {
    echo "ble-lab: the guest did not run it" >&2
    tail -n 20 "$out/console.log" >&2
    exit 1
}
exit "$(cat "$out/status")"
