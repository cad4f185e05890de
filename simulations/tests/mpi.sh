#!/usr/bin/env bash
# A sweep over three processes of MPI gives the files of a sweep without, and a job that fails in one of
# them ends them all. Installs what it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v mpirun >/dev/null || ! command -v mpicc >/dev/null || ! command -v clang >/dev/null; then
    apt-get update -q
    apt-get install -qy --no-install-recommends libopenmpi-dev openmpi-bin libclang-dev clang
fi

cargo build -p hedgerow-simulations --features mpi --locked
sim="${CARGO_TARGET_DIR:-$PWD/target}/debug/hedgerow-sim"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp simulations/scenarios/two-friends.toml "$place"
cd "$place"

cat >sweep.toml <<'END'
scenario = "two-friends.toml"
seeds = [1, 2, 3]

[parameters]
duration-s = [1800]
"radios.0.loss" = [0.0, 0.2]
END
run() { timeout 120 mpirun --allow-run-as-root --oversubscribe -n 3 "$sim" sweep "$@" --mpi; }

"$sim" sweep sweep.toml --output alone
run sweep.toml --output together
diff -r alone together
echo "three processes give the same files as one"

cat >broken.toml <<'END'
scenario = "two-friends.toml"
seeds = [1, 2]

[parameters]
duration-s = [600]
acquaintance = ["complete", { file = { path = "nowhere" } }]
END
status=0
run broken.toml --output broken 2>said || status=$?
if [ "$status" -eq 0 ] || [ "$status" -eq 124 ] || ! grep -q 'MPI: .*nowhere' said; then
    cat said >&2
    echo "a job that fails must end all processes, and say why (status $status)" >&2
    exit 1
fi
echo "a job that fails ends them all"
