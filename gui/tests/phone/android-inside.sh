#!/usr/bin/env bash
# Inside the root that root.sh makes: checks the types for Android. Neither Android's C library nor its Java are in
# Debian: stand-ins write empty files where the build scripts of `ring` and of Slint's window expect theirs, and the
# bindings of Skia are those for its documentation.
set -euo pipefail
cd /source
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
mkdir "$tools/bin"
cat > "$tools/stand-in" <<'STAND_IN'
#!/bin/bash
# What is to be written is named after -o, is the archive of `ar`, or goes into the directory after --output.
while [ $# -gt 0 ]; do
    case $1 in
        -o) : > "$2" ;;
        --output) : > "$2/classes.dex" ;;
        *.a) : > "$1" ;;
        -version) echo "javac 17.0.0" ;;
    esac
    shift
done
STAND_IN
chmod +x "$tools/stand-in"
for tool in cc ar java javac; do ln -s ../stand-in "$tools/bin/$tool"; done
touch "$tools/jar"
export JAVA_HOME=$tools ANDROID_JAR=$tools/jar ANDROID_D8_JAR=$tools/jar DOCS_RS=1 RUSTC_BOOTSTRAP=1
export CC_aarch64_linux_android=$tools/bin/cc AR_aarch64_linux_android=$tools/bin/ar CARGO_INCREMENTAL=0
cargo check --locked --offline -Zbuild-std=std,panic_abort -p hedgerow-gui --lib --target aarch64-linux-android
