#!/usr/bin/env bash
# Builds the application for Linux phones (aarch64), starts it under emulation on a screen of 360x720, and leaves
# a picture of it: target/aarch64/phone.png. Needs root on Debian, mmdebstrap, about 6 GB, and as long as a release
# build takes; `PROFILE=dev` builds faster and runs slower.
set -euo pipefail

command -v mmdebstrap >/dev/null || { echo "skipped: mmdebstrap is not installed"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 0; }

here=$(cd "$(dirname "$0")/../.." && pwd)
work=$here/target/aarch64
root=$work/root
profile=${PROFILE:-release}
mkdir -p "$work/build"

# Debian 13 with the cross compiler, its backported Rust, and what the application loads on a phone.
if [ ! -e "$root/ready" ]; then
    rm -rf "$root"
    # Where this machine gets Debian from.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
    mmdebstrap --quiet --mode=root --variant=apt --architectures=amd64,arm64 \
        --aptopt='APT::Default-Release "trixie-backports"' \
        --include=rustc,cargo,gcc,libc6-dev,gcc-aarch64-linux-gnu,libc6-dev-arm64-cross,libstd-rust-dev:arm64 \
        --include=libx11-6:arm64,libx11-xcb1:arm64,libxcursor1:arm64,libxi6:arm64,libxrandr2:arm64 \
        --include=libxkbcommon0:arm64,libxkbcommon-x11-0:arm64,libfontconfig1:arm64,libwayland-client0:arm64 \
        --include=libgcc-s1:arm64,qemu-user,xvfb,xauth,xdotool,imagemagick,fonts-dejavu-core \
        trixie "$root" "deb $mirror trixie main" "deb $mirror trixie-backports main"
    touch "$root/ready"
fi

cargo fetch --locked --manifest-path "$here/Cargo.toml"
mkdir -p "$root/source" "$root/build" "$root/cargo"
export here work root profile
unshare --mount --net bash -euo pipefail -c '
    ip link set lo up
    mount --bind "$here" "$root/source"
    mount --bind "$work/build" "$root/build"
    mount --bind "${CARGO_HOME:-$HOME/.cargo}" "$root/cargo"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    exec chroot "$root" env -i PATH=/usr/bin:/bin HOME=/root CARGO_HOME=/cargo CARGO_TARGET_DIR=/build profile="$profile" \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc bash -euo pipefail /source/gui/tests/phone/inside.sh'
mv "$work/build/phone.png" "$work/phone.png"
echo "$work/phone.png"
