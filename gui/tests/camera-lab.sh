#!/usr/bin/env bash
# The camera without any hardware: a guest under qemu with Debian's kernel, whose driver `vivid` plays a webcam; in it
# the tests of `camera.rs`. Installs nothing: Debian's packages are unpacked into a cache (about 150 MB), and the guest
# sees this machine's files read-only. Every instruction is emulated: it takes a minute or two.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hedgerow/camera-lab

unpack() {
    local to=$1 package
    shift
    mkdir -p "$to" "$cache/debs"
    for package in "$@"; do
        compgen -G "$cache/debs/${package}_*.deb" >/dev/null ||
            (cd "$cache/debs" && apt-get download -qq "$package" 2>&1 | grep -v unsandboxed || true)
        dpkg-deb --fsys-tarfile "$(compgen -G "$cache/debs/${package}_*.deb" | head -n 1)" | tar -x -C "$to" \
            --keep-directory-symlink --exclude='./usr/share/doc' --exclude='*/drivers/gpu/*' --exclude='*/sound/*'
    done
}

setup() {
    local stamp version kernel module
    stamp=$(cat "$0" "$here/camera-lab/guest-init" | sha256sum)
    [[ $(cat "$cache/stamp" 2>/dev/null) != "$stamp" ]] || return 0
    echo "camera-lab: preparing $cache" >&2
    rm -rf "$cache"
    mkdir -p "$cache/initrd"/{bin,modules,proc,sys,dev,new,out}
    # The plain kernel: that of clouds has no cameras.
    kernel=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
    unpack "$cache/tools" "$kernel" busybox-static kmod cpio
    command -v qemu-system-x86_64 >/dev/null || {
        mapfile -t qemu < <(apt-get install -s --no-install-recommends qemu-system-x86 2>/dev/null |
            awk '/^Inst/ && $3 !~ /^\[/ && $2 !~ /^(ipxe-qemu|udev|kmod)$/ {print $2}')
        unpack "$cache/host" "${qemu[@]}"
    }
    local tools=$cache/tools
    [[ -d $tools/lib/modules ]] || ln -s usr/lib "$tools/lib"
    version=$(basename "$tools"/lib/modules/*)
    for tool in depmod modprobe; do ln -s "$(compgen -G "$tools/*/kmod" || compgen -G "$tools/usr/*/kmod")" "$cache/$tool"; done
    "$cache/depmod" -b "$tools" "$version"
    for module in virtio_pci 9pnet_virtio 9p vivid; do
        "$cache/modprobe" -d "$tools" -S "$version" --show-depends "$module"
    done | awk '/^insmod/ && !seen[$2]++ {print $2}' | while read -r module; do
        cp "$module" "$cache/initrd/modules/"
        basename "$module"
    done >"$cache/initrd/modules/order"
    cp "$(compgen -G "$tools/bin/busybox" || compgen -G "$tools/usr/bin/busybox")" "$cache/initrd/bin/busybox"
    cp "$here/camera-lab/guest-init" "$cache/initrd/init"
    chmod 755 "$cache/initrd/init"
    cp "$tools"/boot/vmlinuz-* "$cache/vmlinuz"
    (cd "$cache/initrd" && find . | "$(compgen -G "$tools/bin/cpio" || compgen -G "$tools/usr/bin/cpio")" -o -H newc --quiet) >"$cache/initrd.cpio"
    rm -rf "$cache"/{debs,tools,depmod,modprobe}
    echo "$stamp" >"$cache/stamp"
}

mkdir -p "$cache"
setup
suite=$(cd "$here/../.." && cargo test -p hedgerow-gui --test all --no-run --locked --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\/all-[^"]*\)".*/\1/p' | tail -n 1)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
echo "$suite" >"$out/suite"
qemu=qemu-system-x86_64 firmware=() libraries=
if [[ -x $cache/host/usr/bin/$qemu ]]; then
    qemu=$cache/host/usr/bin/$qemu
    firmware=(-L "$cache/host/usr/share/qemu" -L "$cache/host/usr/share/seabios")
    libraries=$cache/host/usr/lib/x86_64-linux-gnu:$cache/host/lib/x86_64-linux-gnu
fi
LD_LIBRARY_PATH=$libraries timeout -k 5 600 "$qemu" "${firmware[@]}" \
    -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 768 -nodefaults -display none -no-reboot \
    -serial "file:$out/console.log" \
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
    -device virtio-9p-pci,fsdev=host,mount_tag=host \
    -fsdev "local,id=out,path=$out,security_model=none" -device virtio-9p-pci,fsdev=out,mount_tag=out \
    -kernel "$cache/vmlinuz" -initrd "$cache/initrd.cpio" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check tsc=unstable clocksource=hpet random.trust_cpu=on" </dev/null || true
cat "$out"/*.log
[[ $(cat "$out/status" 2>/dev/null) == "0 0" ]] || { echo "FAILED: $(cat "$out/status" 2>/dev/null)"; exit 1; }
