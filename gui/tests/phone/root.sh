#!/usr/bin/env bash
# Sourced by phone.sh and android.sh: makes a Debian 13 with its backported Rust in $root, once (6 GB with what is
# built in it), and runs a script of this directory in there: no network, the sources at /source, builds below /build.
# Needs root on Debian, and mmdebstrap.
command -v mmdebstrap >/dev/null || { echo "skipped: mmdebstrap is not installed"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 0; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=$here/target/aarch64
root=$work/root
profile=${PROFILE:-release}
mkdir -p "$work/build"

# The cross compiler, what the application loads on a phone, and the sources of Rust's library.
if [ ! -e "$root/ready" ]; then
    rm -rf "$root"
    # Where this machine gets Debian from.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
    mmdebstrap --quiet --mode=root --variant=apt --architectures=amd64,arm64 \
        --aptopt='APT::Default-Release "trixie-backports"' \
        --include=rustc,cargo,rust-src,gcc,libc6-dev,gcc-aarch64-linux-gnu,libc6-dev-arm64-cross,libstd-rust-dev:arm64 \
        --include=libx11-6:arm64,libx11-xcb1:arm64,libxcursor1:arm64,libxi6:arm64,libxrandr2:arm64 \
        --include=libxkbcommon0:arm64,libxkbcommon-x11-0:arm64,libfontconfig1:arm64,libwayland-client0:arm64 \
        --include=libgcc-s1:arm64,qemu-user,xvfb,xauth,xdotool,imagemagick,fonts-dejavu-core \
        trixie "$root" "deb $mirror trixie main" "deb $mirror trixie-backports main"
    mkdir -p "$root/source" "$root/build" "$root/cargo"
    touch "$root/ready"
fi

cargo fetch --locked --manifest-path "$here/Cargo.toml"

# inside SCRIPT
inside() {
    script=$1 here=$here work=$work root=$root profile=$profile unshare --mount --net bash -euo pipefail -c '
        ip link set lo up
        mount --bind "$here" "$root/source"
        mount --bind "$work/build" "$root/build"
        mount --bind "${CARGO_HOME:-$HOME/.cargo}" "$root/cargo"
        mount --rbind /dev "$root/dev"
        mount -t proc proc "$root/proc"
        exec chroot "$root" env -i PATH=/usr/bin:/bin HOME=/root CARGO_HOME=/cargo CARGO_TARGET_DIR=/build profile="$profile" \
            bash -euo pipefail "/source/gui/tests/phone/$script"'
}
