#!/usr/bin/env bash
# Checks the types of the application for Android (aarch64): all of its Rust, and Rust's own library, as that is
# nowhere to be had compiled for Debian. What is not Rust is not compiled: see android-inside.sh.
set -euo pipefail
. "$(dirname "$0")/phone/root.sh"
# Their manifest is for the development version of cargo alone.
RUSTC_BOOTSTRAP=1 cargo fetch --locked --manifest-path "$root"/usr/src/rustc-*/library/Cargo.toml
inside android-inside.sh
