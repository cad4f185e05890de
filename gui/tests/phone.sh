#!/usr/bin/env bash
# Builds the application for Linux phones (aarch64), starts it under emulation on a screen of 360x720, and leaves
# a picture of it: target/aarch64/phone.png. Takes as long as a release build; `PROFILE=dev` builds faster and runs
# slower.
set -euo pipefail
. "$(dirname "$0")/phone/root.sh"
inside phone-inside.sh
mv "$work/build/phone.png" "$work/phone.png"
echo "$work/phone.png"
